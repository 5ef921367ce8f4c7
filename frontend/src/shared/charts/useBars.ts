import { useQueries } from '@tanstack/react-query'
import { listBarsOptions, type Timeframe } from '@/api'
import { prices } from '@/realtime'
import { candles, TIMEFRAME_SECONDS, type Candle } from './candles'

const SHOWN = 390
/** Prices may be lost on the way: now and then the bars are fetched anew. */
const REFETCH_MS = 60_000

interface Bars {
  /** Oldest first, up to the newest minute when they were read; `prices` has what follows. */
  candles: Candle[] | undefined
  error: Error | null
  refetch: () => void
}

/** The candles of a symbol: closed bars, and of the bar still forming its minutes so far. */
export function useBars(symbol: string, timeframe: Timeframe): Bars {
  const minutesOfBar = TIMEFRAME_SECONDS[timeframe] / 60
  return useQueries({
    queries: [
      { ...listBarsOptions({ query: { symbol, timeframe, limit: SHOWN } }), refetchInterval: REFETCH_MS, staleTime: 5000 },
      {
        ...listBarsOptions({ query: { symbol, timeframe: '1Min', limit: minutesOfBar } }),
        enabled: minutesOfBar > 1,
        refetchInterval: REFETCH_MS,
        staleTime: 5000,
      },
    ],
    combine: ([closed, minutes]) => ({
      candles:
        closed.data &&
        candles(closed.data.items, [...(minutes.data?.items ?? []), ...prices.minutes(symbol)], timeframe),
      error: closed.error,
      refetch: () => void closed.refetch(),
    }),
  })
}
