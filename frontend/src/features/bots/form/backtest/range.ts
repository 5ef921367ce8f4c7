// Over which days a bot is tested: so many months back from the newest day that is over.
import { useSummary } from '@/shared/market/summary'

export const RANGES = { month: 'Last month', quarter: 'Last 3 months', year: 'Last year', years: 'Last 2 years' } as const
export type Range = keyof typeof RANGES

const MONTHS: Record<Range, number> = { month: 1, quarter: 3, year: 12, years: 24 }

interface Days {
  first: string | null
  last: string | null
}

/** The days of a range by the market's own clock; without one, what the server chooses: a year. */
export function useDays(range: Range): Days {
  const { data } = useSummary()
  return data?.market.now ? daysOf(range, data.market.now) : { first: null, last: null }
}

/** From so many months before `now` to the day before it, as `YYYY-MM-DD`. */
export function daysOf(range: Range, now: string): Days {
  const last = new Date(now)
  last.setUTCDate(last.getUTCDate() - 1)
  const first = new Date(last)
  first.setUTCMonth(first.getUTCMonth() - MONTHS[range])
  return { first: day(first), last: day(last) }
}

const day = (moment: Date): string => moment.toISOString().slice(0, 10)
