import Typography from '@mui/material/Typography'
import type { CandlestickData, IChartApi, ISeriesApi, MouseEventParams } from 'lightweight-charts'
import { useEffect, useRef } from 'react'
import { price } from '../format/numbers'
import { marketStamp } from '../format/time'

interface Props {
  chart: IChartApi
  series: ISeriesApi<'Candlestick'>
}

/** The candle under the pointer in numbers, written straight into the page. */
export function Legend({ chart, series }: Props) {
  const text = useRef<HTMLSpanElement>(null)
  useEffect(() => {
    const show = ({ seriesData }: MouseEventParams) => {
      if (!text.current) return
      const bar = seriesData.get(series) as CandlestickData | undefined
      text.current.textContent = bar ? words(bar) : ''
    }
    chart.subscribeCrosshairMove(show)
    return () => chart.unsubscribeCrosshairMove(show)
  }, [chart, series])
  return (
    <Typography ref={text} variant="caption" component="span" aria-hidden sx={{ position: 'absolute', top: 4, left: 8, zIndex: 3, pointerEvents: 'none', color: 'text.secondary' }} />
  )
}

function words({ time, open, high, low, close }: CandlestickData): string {
  return `${marketStamp(Number(time) * 1000)}   O ${price(open)}   H ${price(high)}   L ${price(low)}   C ${price(close)}`
}
