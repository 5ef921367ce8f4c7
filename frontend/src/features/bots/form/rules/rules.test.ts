import { describe, expect, test } from 'vitest'
import { catalogue } from '@/testing/factories'
import type { IndicatorForm } from '../model'
import { choiceId, choices, comparedBy, firstCondition, heldFor, wayOf, withChange, withSeries, type Way } from './edit'
import { condition, constant, groupFromWire, toWire, type OperandForm, type RuleTree } from './model'
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
    expect(operandWord({ ...RSI, ago: '0' }, { indicators: hourly, catalogue })).toBe('4-hour RSI(14)')
  })

  test('says what is missing', () => {
    expect(operandWord(constant(' '), words)).toBe('…')
    expect(operandWord({ type: 'indicator', indicator: 'sma', output: 'sma', ago: '0' }, words)).toBe('sma (removed)')
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
    expect(firstCondition(indicators, catalogue).left).toEqual({ ...RSI, ago: '0' })
    expect(firstCondition([], catalogue).left).toEqual({ ...CLOSE, ago: '0' })
  })
})

describe('changing a comparison', () => {
  const close: OperandForm = { ...CLOSE, ago: '0' }
  const row = condition(close, 'above', constant('5'))

  test.each<[Way, object]>([
    ['below', { type: 'condition', left: CLOSE, op: 'below', right: number(5) }],
    ['between', { type: 'between', value: CLOSE, low: number(5), high: number(0) }],
    ['rising', { type: 'trend', value: CLOSE, direction: 'rising', bars: 3 }],
    ['falling', { type: 'trend', value: CLOSE, direction: 'falling', bars: 3 }],
  ])('to "%s" keeps the values that fit, and its place', (way, sent) => {
    const changed = comparedBy(row, way)
    expect(wayOf(changed)).toBe(way)
    expect(changed.key).toBe(row.key)
    expect(toWire(changed.type === 'between' ? { ...changed, high: constant('0') } : changed)).toEqual(sent)
  })

  test('from two bounds back to one keeps the lower; a trend turned around keeps its bars', () => {
    expect(comparedBy(comparedBy(row, 'between'), 'above')).toEqual(row)
    expect(comparedBy({ key: 'a', type: 'trend', value: close, direction: 'rising', bars: '7' }, 'falling')).toMatchObject({ bars: '7' })
  })

  test('held for several bars, and no longer, at the same place', () => {
    const held = heldFor(row, '3')
    expect(held).toEqual({ key: row.key, type: 'held', of: row, bars: '3' })
    expect(heldFor(held, '4')).toMatchObject({ of: row, bars: '4' })
    expect(heldFor({ ...held, key: 'place' }, '')).toEqual({ ...row, key: 'place' })
  })

  test('an earlier bar, a longer timeframe, a change: each is the same choice', () => {
    const earlier = withSeries(close, { ago: '2', timeframe: '1Day' })
    const change = withChange(earlier, '5')
    expect(change).toEqual({ type: 'change', of: earlier, bars: '5' })
    expect(withSeries(change, { ago: '1' })).toMatchObject({ type: 'change', of: { ago: '1', timeframe: '1Day' } })
    expect(withChange(change, '')).toEqual(earlier)
    expect(new Set([close, earlier, change].map(choiceId)).size).toBe(1)
  })
})
