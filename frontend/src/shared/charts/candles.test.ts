import { describe, expect, test } from 'vitest'
import { bucketStart, candles, withMinute } from './candles'

const at = (minute: number) => `2016-01-04T15:${String(minute).padStart(2, '0')}:00Z`
const time = (minute: number) => Date.parse(at(minute)) / 1000
const bar = (minute: number, open: number, close = open, volume = 10) => ({
  start: at(minute),
  open,
  high: Math.max(open, close) + 1,
  low: Math.min(open, close) - 1,
  close,
  volume,
})

describe('candles', () => {
  test('minutes after the closed bars form the next candle', () => {
    const drawn = candles([bar(0, 100), bar(5, 101)], [bar(10, 102, 104), bar(11, 104, 99)], '5Min')
    expect(drawn.map((candle) => candle.time)).toEqual([time(0), time(5), time(10)])
    expect(drawn[2]).toMatchObject({ open: 102, high: 105, low: 98, close: 99, volume: 20 })
  })

  test('minutes that the closed bars hold already change nothing', () => {
    const closed = [bar(0, 100), bar(5, 101)]
    expect(candles(closed, [bar(7, 500), bar(9, 500)], '5Min')).toEqual(candles(closed, [], '5Min'))
  })

  test('a minute heard twice counts once', () => {
    const once = candles([bar(0, 100)], [bar(5, 101), bar(6, 102)], '5Min')
    expect(candles([bar(0, 100)], [bar(5, 101), bar(6, 102), bar(6, 102), bar(5, 101)], '5Min')).toEqual(once)
  })

  test('building from minutes one by one gives what building at once gives', () => {
    const minutes = [3, 4, 5, 8, 9, 10, 14, 16].map((minute, index) => bar(minute, 100 + index, 101 - index))
    const stepwise = minutes.reduce((drawn, minute) => {
      const next = withMinute(drawn.at(-1), minute, '5Min')
      if (next === null) return drawn
      return [...drawn.filter((candle) => candle.time !== next.time), next]
    }, candles([], [], '5Min'))
    expect(stepwise).toEqual(candles([], minutes, '5Min'))
    expect(stepwise.map((candle) => candle.time)).toEqual([time(0), time(5), time(10), time(15)])
  })

  test('candles are aligned to the clock', () => {
    expect(bucketStart(time(29), '15Min')).toBe(time(15))
    expect(bucketStart(time(59), '1Hour')).toBe(time(0))
    const inWinter = Date.parse('2026-01-05T15:00:00Z') / 1000
    const inSummer = Date.parse('2026-07-06T15:00:00Z') / 1000
    expect(bucketStart(inWinter, '4Hour')).toBe(Date.parse('2026-01-05T13:00:00Z') / 1000)
    expect(bucketStart(inSummer, '1Day')).toBe(Date.parse('2026-07-06T04:00:00Z') / 1000)
  })
})
