import { describe, expect, test } from 'vitest'
import { bot, catalogue, definition, template } from '@/testing/factories'
import { fromDefinition, newIndicator, toDefinition, type FormValues } from './model'
import { messageAt, placeErrors, withoutTouched } from './problems'
import { constant, group } from './rules/model'
import { indicatorWord } from './rules/sentence'
import { emptyTemplate } from './templates'
import { unsendable } from './validation'

const values = (change: Partial<FormValues> = {}): FormValues => ({ ...fromDefinition(bot()), ...change })

describe('the definition and the form', () => {
  test.each([template(), emptyTemplate(template())])('$name comes back as it is', ({ definition: stored }) => {
    expect(toDefinition(fromDefinition(stored))).toEqual(stored)
  })

  test('all of a rule comes back: several bars, longer timeframes, the short side', () => {
    const close = { type: 'price', field: 'close', ago: 2, timeframe: '1Day' } as const
    const number = { type: 'constant', value: 3 } as const
    const stored = definition({
      indicators: [{ id: 'rsi', name: 'RSI', params: { timeperiod: 14 }, timeframe: '1Hour', source: 'close' }],
      rules: {
        entry: null,
        exit: null,
        short_entry: {
          type: 'all',
          of: [
            { type: 'held', bars: 3, of: { type: 'between', value: close, low: number, high: { type: 'constant', value: 4 } } },
            { type: 'trend', value: close, direction: 'falling', bars: 2 },
            { type: 'condition', left: { type: 'change', of: close, bars: 5 }, op: 'below', right: number },
          ],
        },
        short_exit: { type: 'any', of: [{ type: 'not', of: { type: 'trend', value: close, direction: 'falling', bars: 1 } }] },
      },
    })
    expect(toDefinition(fromDefinition(stored))).toEqual(stored)
    expect(unsendable(fromDefinition(stored), catalogue)).toEqual([])
  })

  test('a stored bot comes back, with "none" where none was and its own frequency', () => {
    const stored = bot({
      trading_frequency: 600,
      start_hour: 9,
      start_minute: 5,
      end_hour: 16,
      risk_management: { ...bot().risk_management, stop_loss_percent: null },
    })
    const form = fromDefinition(stored)
    expect(form.window).toEqual({ all_day: false, start: '09:05', end: '16:00' })
    expect(form.risk_management.stop_loss_percent).toBe('')
    expect(toDefinition(form)).toMatchObject({
      trading_frequency: 600,
      start_hour: 9,
      start_minute: 5,
      end_hour: 16,
      end_minute: 0,
      risk_management: { stop_loss_percent: null, take_profit_percent: 4 },
    })
  })

  test('a frequency that is the timeframe’s follows the timeframe', () => {
    expect(toDefinition(fromDefinition(bot({ timeframe: '5Min', trading_frequency: 300 }))).trading_frequency).toBeNull()
  })

  test('switching all day off offers the session’s hours, and on again forgets them', () => {
    const window = { ...values().window, all_day: false }
    expect(toDefinition(values({ window }))).toMatchObject({ start_hour: 9, start_minute: 30, end_hour: 16, end_minute: 0 })
    expect(toDefinition(values())).toMatchObject({ start_hour: 0, start_minute: 0, end_hour: 0, end_minute: 0 })
  })

  test('a new indicator has an id that no other has', () => {
    const [rsi] = catalogue
    if (!rsi) throw new Error('the catalogue is empty')
    expect(newIndicator(rsi, []).id).toBe('rsi')
    expect(newIndicator(rsi, [{ id: 'rsi' }, { id: 'rsi_3' }]).id).toBe('rsi_2')
    expect(newIndicator(rsi, [{ id: 'rsi' }, { id: 'rsi_2' }])).toEqual({ id: 'rsi_3', name: 'RSI', params: { timeperiod: '14' }, timeframe: '', source: 'close' })
  })
})

describe('parameters that are no whole numbers', () => {
  const bands = { id: 'bb', name: 'BBANDS', params: { timeperiod: 20, nbdevup: 2.5, matype: 'EMA' }, timeframe: null, source: 'hlc3' as const }
  const form = (params: Record<string, string>) =>
    values({ indicators: [{ id: 'bb', name: 'BBANDS', params, timeframe: '', source: 'hlc3' }] })

  test('fractions, choices and the source come back as they are', () => {
    const definition = { ...toDefinition(values()), indicators: [bands] }
    expect(toDefinition(fromDefinition(definition)).indicators).toEqual([bands])
  })

  test('each is checked by its own type', () => {
    expect(unsendable(form({ timeperiod: '20', nbdevup: '2.5', matype: 'EMA' }), catalogue)).toEqual([])
    expect(unsendable(form({ timeperiod: '2.5', nbdevup: 'x', matype: 'EMA' }), catalogue)).toEqual([
      { field: 'indicators.0.params.timeperiod', message: 'Enter a whole number.' },
      { field: 'indicators.0.params.nbdevup', message: 'Enter a number.' },
    ])
  })

  test('the sentence names them, and a source that is not the usual one', () => {
    const [use] = form({ timeperiod: '20', nbdevup: '2.5', matype: 'EMA' }).indicators
    if (!use) throw new Error('the form has no indicator')
    expect(indicatorWord(use, 'upper', catalogue)).toBe('BBANDS(20, 2.5, EMA, hlc3) upper')
    expect(indicatorWord({ ...use, source: 'close' }, 'upper', catalogue)).toBe('BBANDS(20, 2.5, EMA) upper')
  })
})

describe('the server’s errors', () => {
  const form = values({ symbols: ['AAPL', 'NOPE'], window: { all_day: false, start: '11:00', end: '10:00' } })
  const anchorOf = (field: string, of = form) => placeErrors([{ field, message: 'Wrong.' }], of)[0]?.anchor

  test.each([
    ['capital', 'capital'],
    ['symbols.1', 'symbols.1'],
    ['indicators.0.params.timeperiod', 'indicators.0.params.timeperiod'],
    ['indicators.0.params.unknown', 'indicators.0'],
    ['indicators.0.id', 'indicators.0'],
    ['rules.entry', 'rules.entry'],
    ['rules.entry.of.0', 'rules.entry.of.0'],
    ['rules.entry.of.0.right.value', 'rules.entry.of.0.right'],
    ['rules.entry.of.0.left.indicator', 'rules.entry.of.0.left'],
    ['rules.exit', 'rules.exit'],
    ['rules.entry.of.0.left.ago', 'rules.entry.of.0.left.ago'],
    ['rules.short_entry', 'rules.short_entry'],
    ['risk_management.trailing_step_percent', 'risk_management'],
    ['risk_management.sizing', 'risk_management.sizing'],
    ['indicators.0.timeframe', 'indicators.0.timeframe'],
    ['risk_management.stop_loss_percent', 'risk_management.stop_loss_percent'],
    ['end_hour', 'window.end'],
    ['start_minute', 'window.start'],
    ['account_id', ''],
  ])('%s is shown at %s', (field, anchor) => {
    expect(anchorOf(field)).toBe(anchor)
  })

  test('a window’s error is shown at the switch when the hours are hidden', () => {
    expect(anchorOf('end_hour', values())).toBe('window')
  })

  test('two sentences at one place are both shown', () => {
    const problems = placeErrors([{ field: 'symbols.1', message: 'One.' }, { field: 'symbols.1', message: 'Two.' }], form)
    expect(messageAt(problems, 'symbols.1')).toBe('One. Two.')
    expect(messageAt(problems, 'symbols')).toBeNull()
  })

  test('changing a field takes back what was said of it, of its parts and of its whole, and nothing else', () => {
    const fields = ['rules.entry', 'rules.entry.of.0', 'rules.entry.of.0.right.value', 'rules.exit', 'capital']
    const problems = placeErrors(fields.map((field) => ({ field, message: 'Wrong.' })), form)
    expect(withoutTouched(problems, 'rules.entry.of.0.right').map(({ anchor }) => anchor)).toEqual(['rules.exit', 'capital'])
    expect(withoutTouched(problems, 'rules.entry').map(({ anchor }) => anchor)).toEqual(['rules.exit', 'capital'])
    expect(withoutTouched(problems, 'name')).toEqual(problems)
  })
})

describe('what cannot be sent', () => {
  test('nothing of a whole form, nor of a senseless but well-formed one: that is the server’s to say', () => {
    expect(unsendable(values(), catalogue)).toEqual([])
    expect(unsendable(values({ name: '', capital: '-5', symbols: [] }), catalogue)).toEqual([])
  })

  test('counts of bars, by path', () => {
    const close = { type: 'price', field: 'close', ago: '', timeframe: null } as const
    const entry = group('all', [
      { key: 'a', type: 'held', bars: '1.5', of: { key: 'b', type: 'trend', value: close, direction: 'rising', bars: 'x' } },
      { key: 'c', type: 'between', value: { type: 'change', of: { ...close, ago: '0' }, bars: '-' }, low: constant('1'), high: constant('') },
    ])
    expect(unsendable(values({ rules: { ...values().rules, short_entry: entry } }), catalogue).map(({ field }) => field)).toEqual([
      'rules.short_entry.of.0.of.value.ago',
      'rules.short_entry.of.0.of.bars',
      'rules.short_entry.of.0.bars',
      'rules.short_entry.of.1.value.bars',
      'rules.short_entry.of.1.high.value',
    ])
  })

  test('thousands may be separated in the capital, and are sent without', () => {
    expect(unsendable(values({ capital: '10,000.50' }), catalogue)).toEqual([])
    expect(toDefinition(values({ capital: '10,000.50' })).capital).toBe('10000.50')
    expect(unsendable(values({ capital: '10,00' }), catalogue)).toEqual([{ field: 'capital', message: 'Enter a number.' }])
  })

  test('words where numbers stand, by path', () => {
    const [entry] = values().rules.entry.of
    if (entry?.type !== 'condition') throw new Error('the bot has no condition')
    const broken = values({
      capital: 'a lot',
      indicators: [{ id: 'rsi', name: 'RSI', params: { timeperiod: '1.5' }, timeframe: '', source: 'close' }],
      rules: { ...values().rules, entry: group('all', [group('any', [{ ...entry, right: constant('') }])]) },
      risk_management: { ...values().risk_management, max_open_positions: '', stop_loss_percent: 'x' },
      window: { all_day: false, start: '', end: '10:00' },
    })
    expect(unsendable(broken, catalogue).map(({ field }) => field)).toEqual([
      'capital',
      'indicators.0.params.timeperiod',
      'rules.entry.of.0.of.0.right.value',
      'risk_management.max_open_positions',
      'risk_management.stop_loss_percent',
      'window.start',
    ])
  })
})
