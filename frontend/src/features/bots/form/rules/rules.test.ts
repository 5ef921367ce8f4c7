import { describe, expect, test } from 'vitest'
import { catalogue } from '@/testing/factories'
import type { IndicatorForm } from '../model'
import { choiceId, choices, firstCondition } from './edit'
import { constant, groupFromWire, toWire, type RuleTree } from './model'
import { operandWord, sentence } from './sentence'

const RSI = { type: 'indicator', indicator: 'rsi', output: 'rsi', ago: 0 } as const
const SIGNAL = { type: 'indicator', indicator: 'macd', output: 'signal', ago: 0 } as const
const CLOSE = { type: 'price', field: 'close', ago: 0, timeframe: null } as const
const number = (value: number) => ({ type: 'constant', value }) as const
const oversold = { type: 'condition', left: RSI, op: 'crosses_below', right: number(30.5) } as const
const above = { type: 'condition', left: CLOSE, op: 'at_least', right: SIGNAL } as const
const deep: RuleTree = {
  type: 'all',
  of: [
    oversold,
    { type: 'any', of: [above, { type: 'not', of: oversold }, { type: 'not', of: { type: 'all', of: [above, oversold] } }] },
    { type: 'any', of: [above] },
  ],
}
const indicators: IndicatorForm[] = [
  { id: 'rsi', name: 'RSI', params: { timeperiod: '14' }, timeframe: '', source: 'close' },
  { id: 'macd', name: 'MACD', params: { fastperiod: '12', slowperiod: '26' }, timeframe: '', source: 'close' },
]
const words = { indicators, catalogue }

describe('a rule in the form', () => {
  test('comes back as it was stored, groups and negations included', () => {
    expect(toWire(groupFromWire(deep))).toEqual(deep)
  })

  test('a lone rule is a group of one', () => {
    expect(toWire(groupFromWire(oversold))).toEqual({ type: 'all', of: [oversold] })
    expect(toWire(groupFromWire({ type: 'not', of: oversold }))).toEqual({ type: 'all', of: [{ type: 'not', of: oversold }] })
  })

  test('every node has a key of its own', () => {
    const keys = new Set<string>()
    const collect = (rule: ReturnType<typeof groupFromWire>['of'][number]) => {
      keys.add(rule.key)
      if (rule.type === 'not') collect(rule.of)
      else if (rule.type === 'all' || rule.type === 'any') rule.of.forEach(collect)
    }
    collect(groupFromWire(deep))
    expect(keys.size).toBe(12)
  })
})

describe('a rule in words', () => {
  test('reads as the stored bot’s own sentence does', () => {
    expect(sentence(groupFromWire(deep), words)).toBe(
      'RSI(14) crosses below 30.5 and (close is at least MACD(12, 26, 9) signal or not (RSI(14) crosses below 30.5) or ' +
        'not (close is at least MACD(12, 26, 9) signal and RSI(14) crosses below 30.5)) and close is at least MACD(12, 26, 9) signal',
    )
  })

  test('has words for several bars, longer timeframes and changes, as the server has', () => {
    const daily = { type: 'price', field: 'close', ago: 2, timeframe: '1Day' } as const
    const change = { type: 'change', of: CLOSE, bars: 10 } as const
    const rule: RuleTree = {
      type: 'all',
      of: [
        { type: 'held', of: oversold, bars: 3 },
        { type: 'trend', value: daily, direction: 'rising', bars: 1 },
        { type: 'between', value: change, low: number(-2), high: number(2) },
      ],
    }
    expect(sentence(groupFromWire(rule), words)).toBe(
      '(RSI(14) crosses below 30.5 for 3 bars in a row) and daily close 2 bars ago has been rising for 1 bar and ' +
        'the change of close over 10 bars is between -2% and 2%',
    )
    const hourly: IndicatorForm[] = [{ id: 'rsi', name: 'RSI', params: {}, timeframe: '4Hour', source: 'close' }]
    expect(operandWord(RSI, { indicators: hourly, catalogue })).toBe('4-hour RSI(14)')
  })

  test('says what is missing', () => {
    expect(operandWord(constant(' '), words)).toBe('…')
    expect(operandWord({ type: 'indicator', indicator: 'sma', output: 'sma', ago: 0 }, words)).toBe('sma (removed)')
    expect(sentence(groupFromWire({ type: 'all', of: [] }), words)).toBe('')
  })
})

describe('what may be compared', () => {
  test('every output of every indicator, the prices, a number', () => {
    expect(choices(words).map(({ label }) => label)).toEqual([
      'RSI(14)',
      'MACD(12, 26, 9) macd',
      'MACD(12, 26, 9) signal',
      'MACD(12, 26, 9) histogram',
      'close',
      'open',
      'high',
      'low',
      'volume',
      'a number',
    ])
  })

  test('any number is the choice "a number"', () => {
    expect(choiceId(constant('5'))).toBe(choiceId(constant('')))
  })

  test('a new condition starts with the first indicator, or the close', () => {
    expect(firstCondition(indicators, catalogue).left).toEqual(RSI)
    expect(firstCondition([], catalogue).left).toEqual(CLOSE)
  })
})
