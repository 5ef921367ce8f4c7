import { QueryClient } from '@tanstack/react-query'
import { describe, expect, test } from 'vitest'
import { readEquityQueryKey, readSummaryQueryKey, type EquityPoint } from '@/api'
import { summary } from '@/testing/factories'
import { applySummary, extend } from './live'

const at = (minute: number) => `2016-01-04T15:${String(minute).padStart(2, '0')}:00Z`
const account = (minute: number, equity = '100') => ({ ...summary().account, as_of: at(minute), equity })
const point = (minute: number, equity = '100'): EquityPoint => ({ at: at(minute), equity })

describe('the summary’s message', () => {
  test('replaces the summary and extends the curve, whatever it was asked with', () => {
    const cache = new QueryClient()
    const key = readEquityQueryKey({ query: { points: 500 } })
    cache.setQueryData(key, [point(0)])
    const news = summary({ account: account(1, '101') })
    applySummary({ type: 'summary_updated', summary: news }, cache)
    expect(cache.getQueryData(readSummaryQueryKey())).toEqual(news)
    expect(cache.getQueryData(key)).toEqual([point(0), point(1, '101')])
  })

  test('a moment that is known already, or has no equity, changes nothing', () => {
    const points = [point(0), point(1)]
    expect(extend(points, account(1, '999'))).toBe(points)
    expect(extend(points, { ...account(2), equity: null })).toBe(points)
  })

  test('the curve keeps the distance of its points: until it is reached, the last one moves', () => {
    const fetched = [point(0), point(5), point(10), point(15)]
    const later = [16, 17, 18, 19, 20, 21].reduce((points, minute) => extend(points, account(minute, String(minute))), fetched)
    expect(later.map((p) => p.at)).toEqual([0, 5, 10, 15, 20, 21].map(at))
    expect(later.at(-1)?.equity).toBe('21')
  })
})
