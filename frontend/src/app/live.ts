// The socket meets the cache: each fact goes through every feature's `apply`.
import type { QueryClient } from '@tanstack/react-query'
import type { Fact } from '@/api'
import * as bots from '@/features/bots/live'
import * as control from '@/features/control/live'
import { applySummary } from '@/features/dashboard/live'
import * as positions from '@/features/positions/live'
import * as trades from '@/features/trades/live'
import { connect, FactLog } from '@/realtime'
import { isOf } from '@/shared/cache'

const FEATURES = [bots, positions, trades, control]
/** Answers that no fact extends; after a gap they are fetched anew. */
const UNNUMBERED = ['readSummary', 'readEquity', 'listBars', 'listDecisions', 'listOrders', 'readKillSwitch'] as const

/** Bring the whole cache up to date with a fact. */
export function applyFact(fact: Fact, cache: QueryClient): void {
  for (const feature of FEATURES) feature.apply(fact, cache)
}

/** Keep the cache live until the answer is called. */
export function goLive(cache: QueryClient): () => void {
  const log = new FactLog()
  const stopReplaying = replayOverFetches(cache, log)
  const disconnect = connect(
    {
      onHello: ({ resumed }) =>
        void cache.invalidateQueries(resumed ? { predicate: (q) => isOf(q.queryKey, ...UNNUMBERED) } : undefined),
      onFact: (fact) => applyFact(fact, cache),
      onSummary: (message) => applySummary(message, cache),
    },
    log,
  )
  return () => {
    disconnect()
    stopReplaying()
  }
}

/**
 * An answer may have been written before a fact that arrived while it was under way. So facts that
 * came since a fetch began are applied once more to what it brought; facts are whole rows, and a
 * newer one than the answer's follows at the latest on the socket.
 */
export function replayOverFetches(cache: QueryClient, log: FactLog): () => void {
  const started = new WeakMap<object, number>()
  return cache.getQueryCache().subscribe((event) => {
    if (event.type !== 'updated') return
    const query: object = event.query
    if (event.action.type === 'fetch') started.set(query, Date.now())
    if (event.action.type !== 'success' || event.action.manual) return
    const missed = log.since(started.get(query) ?? Date.now())
    // Not inside the cache's own notification: patching is a change of its own.
    if (missed.length > 0) queueMicrotask(() => missed.forEach((fact) => applyFact(fact, cache)))
  })
}
