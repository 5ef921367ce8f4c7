// The market's time between two messages: it runs on at the market's own rate.
import type { MarketSummary } from '@/api'

/** Wall time (ms) after which the clock stands still rather than guess further. */
const LONGEST_GUESS = 5000

/**
 * The market's time (ms) at the wall time `now`, from a summary received at `receivedAt`. Within a
 * session it does not run past the close, because a practice market then jumps to the next open.
 */
export function marketNow(market: MarketSummary, receivedAt: number, now: number): number | null {
  if (market.now === null) return null
  const known = Date.parse(market.now)
  if (!market.is_open && market.rate > 1) return known
  const elapsed = Math.min(Math.max(0, now - receivedAt), LONGEST_GUESS)
  const guess = known + elapsed * market.rate
  return market.session_close === null ? guess : Math.min(guess, Date.parse(market.session_close))
}
