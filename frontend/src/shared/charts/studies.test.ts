import { expect, test } from 'vitest'
import { catalogue } from '@/testing/factories'
import { studyLines, tradeMarks } from './studies'

const use = (id: string, name: string, params = {}) => ({ id, name, params, source: 'close' as const, timeframe: null })

test('what is drawn over the price has no pane, everything else its own', () => {
  const known = catalogue.map((entry) => ({ ...entry, overlay: entry.name === 'SMA' }))
  const lines = [
    { indicator: 'slow', output: 'sma', values: [null, 1] },
    { indicator: 'macd', output: 'signal', values: [1, 2] },
    { indicator: 'gone', output: 'x', values: [] },
  ]
  const drawn = studyLines(lines, [use('slow', 'SMA', { timeperiod: 20 }), use('macd', 'MACD')], known)
  expect(drawn.map(({ label, pane }) => [label, pane])).toEqual([
    ['SMA 20', 'price'],
    ['macd SIGNAL', 'macd'],
  ])
})

test('a fill is marked at the bar that holds it, one outside the chart not at all', () => {
  const bars = { start: [600, 900, 1200], open: [], high: [], low: [], close: [], volume: [] }
  const fill = (at: number, side: 'buy' | 'sell', purpose: 'entry' | 'stop_loss') =>
    ({ bot: 0, symbol: 'AAPL', time: new Date(at * 1000).toISOString(), side, purpose, reason: 'signal', price: '1', quantity: '5' }) as const
  const marks = tradeMarks([fill(540, 'buy', 'entry'), fill(960, 'buy', 'entry'), fill(1260, 'sell', 'stop_loss')], { bars })
  expect(marks).toEqual([
    { time: 900, side: 'buy', text: 'In 5' },
    { time: 1200, side: 'sell', text: 'Stop 5' },
  ])
})
