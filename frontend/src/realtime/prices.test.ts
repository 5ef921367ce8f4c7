import { expect, test, vi } from 'vitest'
import { prices } from './prices'

const bar = (symbol: string, minute: number) => ({ symbol, start: `2016-01-04T15:0${minute}:00Z`, open: 1, high: 1, low: 1, close: 1, volume: 1 })

test('keeps the newest minutes of each symbol and tells those who listen to it', () => {
  const listener = vi.fn()
  const stop = prices.listen('AAPL', listener)
  prices.push([bar('AAPL', 1), bar('MSFT', 1)])
  prices.push([bar('AAPL', 1), bar('AAPL', 2)])
  expect(prices.minutes('AAPL').map(({ start }) => start)).toEqual([bar('AAPL', 1).start, bar('AAPL', 2).start])
  expect(listener).toHaveBeenCalledTimes(2)
  stop()
  prices.push([bar('AAPL', 3)])
  expect(listener).toHaveBeenCalledTimes(2)
  prices.clear()
  expect(prices.minutes('AAPL')).toEqual([])
})
