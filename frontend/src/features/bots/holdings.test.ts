import { describe, expect, test } from 'vitest'
import { defaultRisk, position } from '@/testing/factories'
import { holdingWords, keepingWords } from './holdings'

const bare = { stop_loss_price: null, take_profit_price: null }
const unprotected = { ...defaultRisk, stop_loss_percent: null, take_profit_percent: null }

describe('what a bot holds', () => {
  test('in numbers; a short position is worth what it would cost to buy back', () => {
    expect(holdingWords([])).toBe('It holds nothing now.')
    expect(holdingWords([position(), position({ quantity: '-5' })])).toBe('It holds 2 positions worth $1,010.00 (+$5.00 open P&L).')
  })
})

describe('what becomes of kept positions', () => {
  test.each([
    [[position()], 'Their stops and targets stay in place and still close them.'],
    [[position(bare), position({ take_profit_price: null })], 'Their stops stay in place and still close them.'],
    [[position({ stop_loss_price: null })], 'Their targets stay in place and still close them.'],
    [[position(bare)], 'They have no stop and no target: nothing closes them until you do.'],
  ])('%#', (positions, words) => {
    expect(keepingWords(positions, defaultRisk)).toBe(words)
  })

  test('of a bot that holds nothing, by its settings', () => {
    expect(keepingWords([], defaultRisk)).toContain('stops and targets')
    expect(keepingWords([], unprotected)).toContain('no stop and no target')
    expect(keepingWords([], { ...unprotected, trailing_stop_percent: 1 })).toBe('Their stops stay in place and still close them.')
  })
})
