// What the summary's message changes: the summary itself, and the end of the equity curve.
import type { QueryClient } from '@tanstack/react-query'
import { readSummaryQueryKey, type EquityPoint, type MessageOf, type SummaryOut } from '@/api'
import { patchQueries } from '@/shared/cache'
import { compareMoments } from '@/shared/format/time'

/** The newest summary replaces the one before and extends the equity curve. */
export function applySummary({ summary }: MessageOf<'summary_updated'>, cache: QueryClient): void {
  cache.setQueryData<SummaryOut>(readSummaryQueryKey(), summary)
  patchQueries<EquityPoint[]>(cache, 'readEquity', (points) => extend(points, summary.account))
}

/**
 * The curve with the account's equity at its end; a moment that is not newer changes nothing. The
 * points keep the distance at which they were fetched: until it is reached, the last one moves.
 */
export function extend(points: EquityPoint[], { as_of: at, equity }: SummaryOut['account']): EquityPoint[] {
  if (at === null || equity === null) return points
  const last = points.at(-1)
  if (last && compareMoments(at, last.at) <= 0) return points
  const before = points.at(-2)
  const moves = last !== undefined && before !== undefined && gap(before, last) < usualDistance(points)
  const kept = moves ? points.slice(0, -1) : points
  return [...(kept.length < MOST_POINTS ? kept : everySecond(kept)), { at, equity }]
}

/** A page open all day: past this many points the older half of the detail goes. */
const MOST_POINTS = 2000

const gap = (a: EquityPoint, b: EquityPoint): number => Date.parse(b.at) - Date.parse(a.at)

/** The median distance between neighbours (ms): nights between sessions do not count. */
function usualDistance(points: readonly EquityPoint[]): number {
  const newest = points.slice(-100)
  const distances = newest.slice(1).map((point, index) => gap(newest[index] ?? point, point))
  return distances.sort((a, b) => a - b)[Math.floor(distances.length / 2)] ?? 0
}

function everySecond(points: EquityPoint[]): EquityPoint[] {
  return points.filter((_, index) => index % 2 === 0)
}
