import Box from '@mui/material/Box'
import {
  CandlestickSeries,
  createChart,
  createSeriesMarkers,
  LineStyle,
  type AutoscaleInfoProvider,
  type IChartApi,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  type Time,
  type UTCTimestamp,
} from 'lightweight-charts'
import { useCallback, useEffect, useState } from 'react'
import type { Timeframe, TradeOut } from '@/api'
import { prices } from '@/realtime'
import { price } from '../format/numbers'
import { withMinute, withMinutes, type Candle } from './candles'
import { chartOptions, useChartColours, type ChartColours } from './colours'
import { Legend } from './Legend'
import { tradeMarkers } from './markers'

/** A horizontal line: where a position was entered, where it stops, where it takes its profit. */
export interface Level {
  kind: 'entry' | 'stop' | 'target'
  price: number
}

interface Props {
  symbol: string
  timeframe: Timeframe
  candles: readonly Candle[]
  trades: readonly TradeOut[]
  levels: readonly Level[]
  /** Scale the prices so that every level is in sight, even where that makes the candles small. */
  fitLevels?: boolean
  height: number
}

interface Drawn {
  chart: IChartApi
  series: ISeriesApi<'Candlestick'>
  markers: ISeriesMarkersPluginApi<Time>
  /** False once the chart is gone: it leaves before the effects that drew on it. */
  alive: boolean
}

/** Candles with a bot's trades and levels; new minutes are drawn from the price store, not through React. */
export function CandleChart({ symbol, timeframe, candles, trades, levels, fitLevels = false, height }: Props) {
  const colours = useChartColours()
  const [attach, drawn] = useChart(colours)

  useEffect(() => {
    if (!drawn) return
    const shown = withMinutes(candles, prices.minutes(symbol), timeframe)
    let last = shown.at(-1)
    drawn.series.setData(shown.map(toPoint))
    return prices.listen(symbol, (minute) => {
      const next = withMinute(last, minute, timeframe)
      if (next === null) return
      last = next
      drawn.series.update(toPoint(next))
    })
  }, [drawn, candles, symbol, timeframe])

  useEffect(() => {
    drawn?.markers.setMarkers(tradeMarkers(trades, timeframe, candles[0]?.time ?? 0, colours))
  }, [drawn, trades, timeframe, candles, colours])

  useEffect(() => {
    if (!drawn) return
    const lines = levels.map((level) => drawn.series.createPriceLine(levelLine(level, colours)))
    return () => {
      if (drawn.alive) lines.forEach((line) => drawn.series.removePriceLine(line))
    }
  }, [drawn, levels, colours])

  useEffect(() => {
    drawn?.series.applyOptions({ autoscaleInfoProvider: fitLevels ? widenedTo(levels) : undefined })
  }, [drawn, levels, fitLevels])

  // Another symbol or timeframe begins at its newest candles.
  useEffect(() => drawn?.chart.timeScale().scrollToRealTime(), [drawn, symbol, timeframe])

  const last = candles.at(-1)
  return (
    <Box sx={{ position: 'relative' }}>
      {drawn && <Legend chart={drawn.chart} series={drawn.series} />}
      <Box ref={attach} role="figure" aria-label={`${symbol}, candles of ${timeframe}${last ? `, last close ${price(last.close)}` : ''}`} sx={{ height }} />
    </Box>
  )
}

/** The chart, made where the returned ref is attached; it takes on the colours of the scheme in use. */
function useChart(colours: ChartColours): [(container: HTMLDivElement) => () => void, Drawn | null] {
  const [drawn, setDrawn] = useState<Drawn | null>(null)
  const attach = useCallback((container: HTMLDivElement) => {
    const chart = createChart(container, { autoSize: true })
    const series = chart.addSeries(CandlestickSeries, { borderVisible: false })
    const made = { chart, series, markers: createSeriesMarkers(series), alive: true }
    setDrawn(made)
    return () => {
      made.alive = false
      chart.remove()
    }
  }, [])
  useEffect(() => {
    if (!drawn?.alive) return
    const { up, down } = colours.pnl
    drawn.chart.applyOptions(chartOptions(colours))
    drawn.series.applyOptions({ upColor: up, downColor: down, wickUpColor: up, wickDownColor: down })
  }, [drawn, colours])
  return [attach, drawn]
}

/** The candles' own range of prices, widened to the levels. */
function widenedTo(levels: readonly Level[]): AutoscaleInfoProvider {
  return (original) => {
    const range = original()?.priceRange
    if (!range) return null
    const all = [range.minValue, range.maxValue, ...levels.map((level) => level.price)]
    return { priceRange: { minValue: Math.min(...all), maxValue: Math.max(...all) } }
  }
}

const toPoint = ({ time, open, high, low, close }: Candle) => ({ time: time as UTCTimestamp, open, high, low, close })

function levelLine({ kind, price: at }: Level, colours: ChartColours) {
  const color = { entry: colours.text, stop: colours.pnl.down, target: colours.pnl.up }[kind]
  return { price: at, color, title: kind, lineWidth: 1 as const, lineStyle: LineStyle.Dashed, axisLabelVisible: true }
}
