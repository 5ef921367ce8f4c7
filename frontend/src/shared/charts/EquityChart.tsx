import Box from '@mui/material/Box'
import { AreaSeries, createChart, type IChartApi, type ISeriesApi, type UTCTimestamp } from 'lightweight-charts'
import { useEffect, useRef } from 'react'
import type { EquityPoint } from '@/api'
import { dollars, money } from '../format/numbers'
import { marketStamp } from '../format/time'
import { chartOptions, useChartColours } from './colours'

interface Props {
  points: readonly EquityPoint[]
  height: number
}

/** Equity over market time. */
export function EquityChart({ points, height }: Props) {
  const container = useRef<HTMLDivElement>(null)
  const drawn = useRef<{ chart: IChartApi; series: ISeriesApi<'Area'> } | null>(null)
  const colours = useChartColours()

  useEffect(() => {
    if (!container.current) return
    const chart = createChart(container.current, { ...chartOptions(colours), handleScroll: false, handleScale: false })
    const series = chart.addSeries(AreaSeries, {
      lineColor: colours.chart.line,
      topColor: colours.chart.fill,
      bottomColor: colours.chart.fade,
      lineWidth: 2,
      priceFormat: { type: 'custom', formatter: money, minMove: 0.01 },
      priceLineVisible: false,
    })
    drawn.current = { chart, series }
    return () => {
      drawn.current = null
      chart.remove()
    }
  }, [colours])

  useEffect(() => {
    drawn.current?.series.setData(curve(points))
    drawn.current?.chart.timeScale().fitContent()
  }, [points, colours])

  return <Box ref={container} role="figure" aria-label={description(points)} sx={{ height }} />
}

/** One value a second of market time, ascending: what the chart takes. */
export function curve(points: readonly EquityPoint[]): { time: UTCTimestamp; value: number }[] {
  const bySecond = new Map(points.map(({ at, equity }) => [Math.floor(Date.parse(at) / 1000), Number(equity)]))
  return [...bySecond].sort(([a], [b]) => a - b).map(([time, value]) => ({ time: time as UTCTimestamp, value }))
}

function description(points: readonly EquityPoint[]): string {
  const [first, last] = [points[0], points.at(-1)]
  if (!first || !last) return 'Equity: no values yet'
  return `Equity from ${dollars(first.equity)} (${marketStamp(first.at)}) to ${dollars(last.equity)} (${marketStamp(last.at)})`
}
