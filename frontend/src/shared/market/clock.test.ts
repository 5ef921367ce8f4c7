import { describe, expect, test } from 'vitest'
import { summary } from '@/testing/factories'
import { marketNow } from './clock'

const { market } = summary()
const now = Date.parse('2016-01-04T15:00:00Z')

describe('the market’s time between two messages', () => {
  test('runs on at the market’s rate', () => {
    expect(marketNow(market, 1000, 3000)).toBe(now + 2 * 60_000)
  })

  test('does not run past the close, nor on for ever when nothing comes', () => {
    expect(marketNow({ ...market, session_close: '2016-01-04T15:01:00Z' }, 1000, 4000)).toBe(now + 60_000)
    expect(marketNow(market, 1000, 999_000)).toBe(now + 5 * 60_000)
  })

  test('stands still in closed hours, which a fast market skips', () => {
    expect(marketNow({ ...market, is_open: false, session_close: null }, 1000, 4000)).toBe(now)
    expect(marketNow({ ...market, now: null }, 1000, 4000)).toBeNull()
  })
})
