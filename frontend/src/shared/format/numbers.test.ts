import { describe, expect, test } from 'vitest'
import { direction, dollars, money, price, quantity, signedDollars, signedMoney, signedPercent } from './numbers'

describe('numbers as a person reads them', () => {
  test('losses have a true minus sign, gains a plus, nothing neither', () => {
    expect(signedMoney('-1234.5')).toBe('\u22121,234.50')
    expect(signedMoney('7')).toBe('+7.00')
    expect(signedMoney('0')).toBe('0.00')
    expect(signedPercent(-1.234)).toBe('\u22121.23%')
  })

  test('what rounds to zero has no sign and no direction', () => {
    expect(signedMoney('-0.001')).toBe('0.00')
    expect(direction('-0.001')).toBe('flat')
    expect(direction('0.01')).toBe('up')
    expect(direction('-0.01')).toBe('down')
  })

  test('the dollar sign stands after the sign', () => {
    expect(dollars('-4')).toBe('\u2212$4.00')
    expect(signedDollars('4')).toBe('+$4.00')
    expect(signedDollars('-4')).toBe('\u2212$4.00')
    expect(signedDollars('0')).toBe('$0.00')
  })

  test('prices keep up to four decimals, quantities up to nine', () => {
    expect(price('101')).toBe('101.00')
    expect(price('0.12345')).toBe('0.1235')
    expect(quantity('0.000000001')).toBe('0.000000001')
    expect(quantity('1200')).toBe('1,200')
  })

  test('what is not known is a dash, never a zero', () => {
    expect(money(null)).toBe('\u2014')
    expect(money(undefined)).toBe('\u2014')
    expect(money('not a number')).toBe('\u2014')
  })
})
