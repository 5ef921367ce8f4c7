import { describe, expect, test } from 'vitest'
import { digits, numberIn, typed } from './numbers'

describe('numbers as people type them', () => {
  test.each([
    ['10000.50', '10000.50'],
    [' 10,000.50 ', '10000.50'],
    ['-1,234,567', '-1234567'],
    ['0.5', '0.5'],
    ['1,00', null],
    ['10,0000', null],
    ['1,000,00.5', null],
    ['.5', null],
    ['1e5', null],
    ['5 %', null],
    ['', null],
  ])('%j is %j', (text, number) => {
    expect(digits(text)).toBe(number)
  })

  test.each([0, -3, 2.3, 0.1, 1e-7, 1.5e-10, 1e21, 123456.789])('%d is typed so that it is read as itself', (value) => {
    expect(numberIn(typed(value))).toBe(value)
  })
})
