// Facts come in the order of their numbers, each at least once: this sees that each is applied once,
// and remembers the newest for answers of requests that were under way when they came.
import type { Fact } from '@/api'

const REMEMBERED = 500

interface Heard {
  fact: Fact
  at: number
}

export class FactLog {
  #last: number | null = null
  #recent: Heard[] = []

  /** The newest fact seen; null before the first greeting. Sent when connecting. */
  get last(): number | null {
    return this.#last
  }

  /** Start from the server's number: everything before is known from fresh fetches. */
  restart(number: number): void {
    this.#last = number
    this.#recent = []
  }

  /** Whether the fact is new; a repeated or older one is to be dropped. */
  accept(fact: Fact, at: number): boolean {
    if (this.#last !== null && fact.number <= this.#last) return false
    this.#last = fact.number
    this.#recent.push({ fact, at })
    if (this.#recent.length > REMEMBERED) this.#recent.shift()
    return true
  }

  /** Facts that came at or after the wall time `at` (ms), oldest first. */
  since(at: number): Fact[] {
    return this.#recent.filter((heard) => heard.at >= at).map((heard) => heard.fact)
  }
}
