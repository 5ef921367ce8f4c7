// From an answered chart to what is drawn: each output a line over the price or in a pane of its own.
import type { ChartLine, ChartOut, IndicatorOut, IndicatorUseModel, Marker } from '@/api'
import { quantity } from '../format/numbers'
import type { StudyLine, StudyMark } from './StudyChart'

/** The lines of a chart, in the order of the uses; patterns (-100, 0, 100) and others beside the price have panes. */
export function studyLines(lines: readonly ChartLine[], uses: readonly IndicatorUseModel[], catalogue: readonly IndicatorOut[]): StudyLine[] {
  return lines.flatMap((line) => {
    const use = uses.find(({ id }) => id === line.indicator)
    const entry = catalogue.find(({ name }) => name === use?.name)
    if (!use || !entry) return []
    const output = entry.outputs.find(({ name }) => name === line.output)
    const label = entry.outputs.length === 1 ? title(use) : `${use.id} ${output?.label ?? line.output}`
    return [{ key: `${use.id}.${line.output}`, label, values: line.values, pane: entry.overlay ? 'price' : use.id }]
  })
}

/** `RSI 14`: the name and its numbers. */
const title = ({ name, params }: IndicatorUseModel): string => [name, ...Object.values(params)].join(' ')

/** A test's fills at the bars that hold them; those outside the chart are left out. */
export function tradeMarks(markers: readonly Marker[], { bars }: Pick<ChartOut, 'bars'>): StudyMark[] {
  const first = bars.start[0]
  if (first === undefined) return []
  return markers.flatMap((fill) => {
    const moment = Date.parse(fill.time) / 1000
    const index = bars.start.findLastIndex((start) => start <= moment)
    const time = bars.start[index]
    if (time === undefined || moment < first) return []
    return [{ time, side: fill.side, text: `${WORDS[fill.purpose]} ${quantity(fill.quantity)}` }]
  })
}

const WORDS: Record<Marker['purpose'], string> = {
  entry: 'In',
  exit: 'Out',
  flatten: 'Out',
  stop_loss: 'Stop',
  take_profit: 'Target',
}
