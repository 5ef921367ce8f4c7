import { expect, test } from 'vitest'
import { daysOf } from './range'

test('a range ends on the day before now', () => {
  expect(daysOf('month', '2016-01-04T15:00:00Z')).toEqual({ first: '2015-12-03', last: '2016-01-03' })
  expect(daysOf('years', '2016-03-01T15:00:00Z')).toEqual({ first: '2014-03-01', last: '2016-02-29' })
})
