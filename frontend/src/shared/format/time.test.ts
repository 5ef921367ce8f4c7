import { describe, expect, test } from 'vitest'
import { age, compareMoments, marketDay, marketStamp, marketTime } from './time'

describe('times', () => {
  test('market times are New York’s, in winter and in summer', () => {
    expect(marketTime('2016-01-04T14:30:00Z')).toBe('09:30')
    expect(marketTime('2016-07-05T13:30:00Z')).toBe('09:30')
    expect(marketDay('2016-01-05T02:00:00Z')).toBe('Mon, 4 Jan 2016')
    expect(marketStamp('2016-01-04T14:30:00Z')).toBe('4 Jan 09:30')
  })

  test('moments with and without fractions of a second are in order', () => {
    const moments = ['2016-01-04T14:30:00.123456Z', '2016-01-04T14:30:00Z', '2016-01-04T14:30:00.123455Z']
    expect(moments.sort(compareMoments)).toEqual([
      '2016-01-04T14:30:00Z',
      '2016-01-04T14:30:00.123455Z',
      '2016-01-04T14:30:00.123456Z',
    ])
  })

  test('ages are coarse', () => {
    expect(age(4200)).toBe('4 s')
    expect(age(180_000)).toBe('3 min')
    expect(age(3 * 3_600_000)).toBe('3 h')
    expect(age(-5)).toBe('0 s')
  })
})
