import Box from '@mui/material/Box'
import {
  CandlestickSeries,
  createChart,
  createSeriesMarkers,
  LineSeries,
  LineStyle,
  type IChartApi,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  type SeriesMarker,
  type Time,
  type UTCTimestamp,
} from 'lightweight-charts'
import { useCallback, useEffect, useState } from 'react'
import type { ChartOut } from '@/api'
import { chartOptions, useChartColours, type ChartColours } from './colours'
import { Legend } from './Legend'

/** One output of an indicator as it is drawn. */
export interface StudyLine {
  key: string
  label: string
  values: readonly (number | null)[]
  /** Over the candles, or in the pane of this name below them. */
  pane: 'price' | (string & {})
}

export interface StudyMark {
  time: number
  side: 'buy' | 'sell'
  /** What it made, where it ends a position. */
  outcome?: 'up' | 'down' | 'flat'
  text: string
}

interface Props {
  label: string
  bars: ChartOut['bars']
  lines: readonly StudyLine[]
  marks: readonly StudyMark[]
  /** A moment to have in sight, in seconds since 1970. */
  focus?: number
  height: number
}

const PANE_HEIGHT = 90

/** Candles with indicators over them or in panes below, and what was bought and sold. */
export function StudyChart({ label, bars, lines, marks, focus, height }: Props) {
  const colours = useChartColours()
  const [attach, drawn] = useStudy(colours)
  const panes = [...new Set(lines.map(({ pane }) => pane).filter((pane) => pane !== 'price'))]
  const paneKey = panes.join('\n')

  useEffect(() => {
    if (!drawn?.alive) return
    drawn.series.setData(
      bars.start.map((time, index) => ({
        time: time as UTCTimestamp,
        open: bars.open[index] ?? 0,
        high: bars.high[index] ?? 0,
        low: bars.low[index] ?? 0,
        close: bars.close[index] ?? 0,
      })),
    )
  }, [drawn, bars])

  useEffect(() => {
    if (!drawn?.alive) return
    const order = paneKey === '' ? [] : paneKey.split('\n')
    const series = lines.map((line, index) => {
      const made = drawn.chart.addSeries(LineSeries, lineOptions(line, index, colours), order.indexOf(line.pane) + 1)
      made.setData(points(bars.start, line.values))
      return made
    })
    drawn.chart.panes().forEach((pane, index) => pane.setStretchFactor(index === 0 ? 3 : 1))
    return () => {
      if (drawn.alive) series.forEach((one) => drawn.chart.removeSeries(one))
    }
  }, [drawn, bars, lines, paneKey, colours])

  useEffect(() => {
    drawn?.markers.setMarkers(marks.map((mark) => marker(mark, colours)))
  }, [drawn, marks, colours])

  useEffect(() => {
    if (!drawn?.alive) return
    const scale = drawn.chart.timeScale()
    const at = focus === undefined ? bars.start.length - 1 : bars.start.findLastIndex((time) => time <= focus)
    scale.setVisibleLogicalRange({ from: at - (focus === undefined ? 160 : 80), to: at + (focus === undefined ? 6 : 80) })
  }, [drawn, bars, focus])

  return (
    <Box sx={{ position: 'relative' }}>
      {drawn && <Legend chart={drawn.chart} series={drawn.series} />}
      <Box ref={attach} role="figure" aria-label={label} sx={{ height: height + panes.length * PANE_HEIGHT }} />
    </Box>
  )
}

interface Study {
  chart: IChartApi
  series: ISeriesApi<'Candlestick'>
  markers: ISeriesMarkersPluginApi<Time>
  alive: boolean
}

function useStudy(colours: ChartColours): [(container: HTMLDivElement) => () => void, Study | null] {
  const [drawn, setDrawn] = useState<Study | null>(null)
  const attach = useCallback((container: HTMLDivElement) => {
    const chart = createChart(container, { autoSize: true })
    const series = chart.addSeries(CandlestickSeries, { borderVisible: false, priceLineVisible: false })
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
    drawn.chart.applyOptions({ layout: { panes: { separatorColor: colours.divider } } })
    drawn.series.applyOptions({ upColor: up, downColor: down, wickUpColor: up, wickDownColor: down })
  }, [drawn, colours])
  return [attach, drawn]
}

function lineOptions({ label }: StudyLine, index: number, colours: ChartColours) {
  const palette = colours.chart.study
  return {
    color: palette[index % palette.length] ?? colours.chart.line,
    lineWidth: 1 as const,
    lineStyle: index >= palette.length ? LineStyle.Dashed : LineStyle.Solid,
    title: label,
    priceLineVisible: false,
    lastValueVisible: true,
    crosshairMarkerVisible: false,
  }
}

/** Values where they are known; elsewhere a gap. */
const points = (starts: readonly number[], values: readonly (number | null)[]) =>
  starts.map((time, index) => {
    const value = values[index]
    return value === null || value === undefined ? { time: time as UTCTimestamp } : { time: time as UTCTimestamp, value }
  })

function marker({ time, side, outcome, text }: StudyMark, colours: ChartColours): SeriesMarker<Time> {
  return {
    time: time as UTCTimestamp,
    position: side === 'buy' ? 'belowBar' : 'aboveBar',
    shape: side === 'buy' ? 'arrowUp' : 'arrowDown',
    color: outcome ? colours.pnl[outcome] : colours.trade[side],
    text,
  }
}
