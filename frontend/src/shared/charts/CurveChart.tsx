import Box from '@mui/material/Box'
import { AreaSeries, createChart, LineSeries, LineStyle, type IChartApi, type ISeriesApi, type UTCTimestamp } from 'lightweight-charts'
import { useEffect, useRef } from 'react'
import { dollars, money } from '../format/numbers'
import { chartOptions, useChartColours } from './colours'

interface Props {
  /** Seconds since 1970, ascending; both curves have a value for each. USD. */
  times: readonly number[]
  equity: readonly number[]
  benchmark?: readonly number[]
  height: number
}

interface Drawn {
  chart: IChartApi
  equity: ISeriesApi<'Area'>
  benchmark: ISeriesApi<'Line'>
}

/** An equity curve beside what holding the symbols would have been. */
export function CurveChart({ times, equity, benchmark, height }: Props) {
  const container = useRef<HTMLDivElement>(null)
  const drawn = useRef<Drawn | null>(null)
  const colours = useChartColours()

  useEffect(() => {
    if (!container.current) return
    const chart = createChart(container.current, { ...chartOptions(colours), handleScroll: false, handleScale: false })
    const format = { priceFormat: { type: 'custom' as const, formatter: money, minMove: 0.01 }, priceLineVisible: false }
    const line = { ...format, color: colours.text, lineWidth: 1 as const, lineStyle: LineStyle.Dotted, lastValueVisible: false }
    drawn.current = {
      chart,
      benchmark: chart.addSeries(LineSeries, line),
      equity: chart.addSeries(AreaSeries, {
        ...format,
        lineColor: colours.chart.line,
        topColor: colours.chart.fill,
        bottomColor: colours.chart.fade,
        lineWidth: 2,
      }),
    }
    return () => {
      drawn.current = null
      chart.remove()
    }
  }, [colours])

  useEffect(() => {
    const points = (values: readonly number[] | undefined) =>
      values?.map((value, index) => ({ time: (times[index] ?? 0) as UTCTimestamp, value })) ?? []
    drawn.current?.benchmark.setData(points(benchmark))
    drawn.current?.equity.setData(points(equity))
    drawn.current?.chart.timeScale().fitContent()
  }, [times, equity, benchmark, colours])

  const [first, last] = [equity[0], equity.at(-1)]
  const label = first === undefined || last === undefined ? 'Equity: no values' : `Equity from ${dollars(first)} to ${dollars(last)}`
  return <Box ref={container} role="figure" aria-label={label} sx={{ height }} />
}
