// The state of the socket: whether it is up, since when, and when it last said something.
import { useEffect, useState, useSyncExternalStore } from 'react'
import { createStore } from './store'

export interface Connection {
  /** `connecting` before the first success; `down` after a loss, while it tries again. */
  phase: 'connecting' | 'live' | 'down'
  /** Wall time (ms) at which the phase began. */
  since: number
}

/** Silence on a living socket after which what the page shows counts as stale. */
export const SILENCE_MS = 10_000

const connection = createStore<Connection>({ phase: 'connecting', since: Date.now() })
let heardAt: number | null = null

export function setPhase(phase: Connection['phase']): void {
  if (connection.get().phase !== phase) connection.set({ phase, since: Date.now() })
}

/** Note that a message came. */
export function heard(): void {
  heardAt = Date.now()
}

export const useConnection = (): Connection => useSyncExternalStore(connection.subscribe, connection.get)

/** Milliseconds since the socket last said something, read anew every second; null before it did. */
export function useSilence(): number | null {
  const now = useNow()
  return heardAt === null ? null : Math.max(0, now - heardAt)
}

/** The wall clock (ms), read every second. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  return now
}
