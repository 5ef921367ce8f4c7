// The newest closed minutes of each symbol, outside React: charts read them and draw, nothing re-renders.
import type { PriceBar } from '@/api'

const KEPT_MINUTES = 240

type Listener = (bar: PriceBar) => void

class PriceStore {
  #bars = new Map<string, PriceBar[]>()
  #listeners = new Map<string, Set<Listener>>()

  /** Keep the bars that are newer than what is known and tell who listens to their symbols. */
  push(bars: readonly PriceBar[]): void {
    for (const bar of bars) {
      const known = this.#bars.get(bar.symbol) ?? []
      const newest = known.at(-1)
      if (newest && Date.parse(bar.start) <= Date.parse(newest.start)) continue
      this.#bars.set(bar.symbol, [...known.slice(-KEPT_MINUTES + 1), bar])
      this.#listeners.get(bar.symbol)?.forEach((listener) => listener(bar))
    }
  }

  /** The minutes heard so far, oldest first. */
  minutes(symbol: string): readonly PriceBar[] {
    return this.#bars.get(symbol) ?? []
  }

  /** Hear every new minute of a symbol until the answer is called. */
  listen(symbol: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(symbol) ?? new Set()
    this.#listeners.set(symbol, listeners.add(listener))
    return () => listeners.delete(listener)
  }

  clear(): void {
    this.#bars.clear()
  }
}

export const prices = new PriceStore()
