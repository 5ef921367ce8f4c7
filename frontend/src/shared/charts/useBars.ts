import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { listBarsOptions, type Timeframe } from '@/api'
import { TIMEFRAME_SECONDS } from '@/shared/trading/timeframes'
import { candles, type Candle } from './candles'

const SHOWN = 390
/** Prices may be lost on the way: now and then the bars are fetched anew. */
const FRESHNESS = { refetchInterval: 60_000, staleTime: 5000 } as const

interface Bars {
  /** Oldest first, as of the newest fetch; the price store has the minutes that follow. */
  candles: Candle[] | undefined
  error: Error | null
  refetch: () => void
}

/** The candles of a symbol: closed bars, and of the bar still forming its minutes so far. */
export function useBars(symbol: string, timeframe: Timeframe): Bars {
  // A stock's day has 390 minutes: the longest bars are whole with fewer than the server gives at once.
  const minutesOfBar = Math.min(TIMEFRAME_SECONDS[timeframe] / 60, 1000)
  const { data: closed, error, refetch } = useQuery({ ...listBarsOptions({ query: { symbol, timeframe, limit: SHOWN } }), ...FRESHNESS })
  const { data: minutes } = useQuery({
    ...listBarsOptions({ query: { symbol, timeframe: '1Min', limit: minutesOfBar } }),
    ...FRESHNESS,
    enabled: minutesOfBar > 1,
  })
  const drawn = useMemo(
    () => closed && candles(closed.items, (minutesOfBar > 1 ? minutes?.items : undefined) ?? [], timeframe),
    [closed, minutes, minutesOfBar, timeframe],
  )
  return { candles: drawn, error, refetch: () => void refetch() }
}
