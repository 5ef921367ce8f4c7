import { describe, expect, test } from 'vitest'
import type { RiskManagement } from '@/api'
import { defaultRisk } from '@/testing/factories'
import openapi from '../../../../../openapi.json'
import { ENTRY_ORDERS, FIELDS, FLAGS, SIZINGS, type RiskFlag, type RiskNumber } from './fields'
import { isShown, riskFromWire, riskProblem, riskToWire, RISK_NUMBERS, withHiddenAsBefore, type RiskForm } from './model'
import { capWords, endsWithoutRule, entryWords, exitWords, haltWords, scaleWords, sizeWords } from './words'

const schema = openapi.components.schemas.RiskManagement.properties
const form = (stored: Partial<RiskManagement> = {}, typed: Partial<RiskForm> = {}): RiskForm => ({
  ...riskFromWire({ ...defaultRisk, ...stored }),
  ...typed,
})
const LONG = { long: true, short: false }
const SHORT = { long: false, short: true }

/** Each setting another value than its default, one kind of stop and target. */
const everything: RiskManagement = {
  ...(Object.fromEntries(RISK_NUMBERS.map((name, index) => [name, index + 1])) as Record<RiskNumber, number>),
  sizing: 'volatility_target',
  entry_order: 'limit',
  fixed_capital: true,
  fractional: true,
  flatten_at_window_end: true,
  daily_loss_flatten: true,
  max_drawdown_flatten: true,
  stop_loss_percent: null,
  stop_loss_price: null,
  take_profit_percent: null,
}

describe('the fields', () => {
  test('are all of the contract, no more', () => {
    expect(['sizing', 'entry_order', ...Object.keys(FIELDS), ...Object.keys(FLAGS)].sort()).toEqual(Object.keys(schema).sort())
    expect(Object.keys(SIZINGS).sort()).toEqual([...openapi.components.schemas.Sizing.enum].sort())
    expect(Object.keys(ENTRY_ORDERS).sort()).toEqual([...openapi.components.schemas.EntryOrder.enum].sort())
  })

  test.each(RISK_NUMBERS)('%s takes fractions and emptiness where the contract does', (name) => {
    const field: { type?: string; anyOf?: { type: string }[] } = schema[name]
    const types = field.anyOf?.map(({ type }) => type) ?? [field.type]
    expect({ whole: types.includes('integer'), optional: types.includes('null') }).toEqual({
      whole: FIELDS[name].whole ?? false,
      optional: FIELDS[name].optional ?? false,
    })
  })
})

describe('the form and what is sent', () => {
  const kinds: Partial<RiskManagement>[] = [
    { stop_loss_percent: null, take_profit_percent: null },
    { stop_loss_percent: null, stop_loss_atr: 2.5, take_profit_percent: null, take_profit_risk: 3 },
    { stop_loss_percent: null, stop_loss_price: 95.25 },
  ]
  test.each([defaultRisk, everything, ...kinds.map((kind) => ({ ...defaultRisk, ...kind }))])('%# comes back as it is', (stored) => {
    expect(riskToWire(riskFromWire(stored))).toEqual(stored)
  })

  test('the number of a kind that is no longer chosen is not sent', () => {
    const sent = riskToWire(form({}, { stop_kind: 'atr', stop_loss_atr: '2', target_kind: 'none' }))
    expect(sent).toMatchObject({ stop_loss_percent: null, stop_loss_atr: 2, stop_loss_price: null, take_profit_percent: null })
  })

  test('thousands may be separated', () => {
    expect(riskToWire(form({}, { position_amount: '2,500.50' })).position_amount).toBe(2500.5)
  })

  test('what is not shown is sent as it was', () => {
    const typed = form({}, { position_amount: 'x', trailing_step_percent: '', position_percent: '7', daily_loss_limit_percent: '', daily_loss_flatten: true })
    expect(riskToWire(withHiddenAsBefore(typed, form()))).toEqual({ ...defaultRisk, position_percent: 7, daily_loss_limit_percent: null })
  })
})

describe('what is shown', () => {
  test.each<[RiskNumber | RiskFlag, Partial<RiskForm>, boolean]>([
    ['position_percent', {}, true],
    ['position_percent', { sizing: 'fixed_amount' }, false],
    ['position_percent', { sizing: 'kelly' }, true],
    ['entry_offset_percent', {}, false],
    ['entry_offset_percent', { entry_order: 'stop' }, true],
    ['entry_chase_steps', { entry_order: 'stop' }, false],
    ['entry_chase_limit_percent', { entry_order: 'limit' }, false],
    ['entry_chase_limit_percent', { entry_order: 'limit', entry_chase_steps: '2' }, true],
    ['entry_chase_limit_percent', { entry_order: 'stop', entry_chase_steps: '2' }, false],
    ['kelly_fraction', {}, false],
    ['stop_loss_percent', { stop_kind: 'atr' }, false],
    ['stop_loss_atr', { stop_kind: 'atr' }, true],
    ['take_profit_risk', {}, false],
    ['trailing_step_percent', {}, false],
    ['trailing_step_percent', { trailing_stop_percent: '1' }, true],
    ['daily_loss_flatten', {}, true],
    ['max_drawdown_flatten', {}, false],
    ['scale_in_distance_percent', { scale_in_steps: '0' }, false],
    ['scale_in_distance_percent', { scale_in_steps: '2' }, true],
    ['max_volume_percent', {}, true],
  ])('%s with %j: %s', (name, typed, shown) => {
    expect(isShown(name, form({}, typed))).toBe(shown)
  })
})

describe('what cannot be sent', () => {
  test.each<[RiskNumber, Partial<RiskForm>, string | null]>([
    ['stop_loss_percent', { stop_loss_percent: '' }, 'Enter a number.'],
    ['stop_loss_percent', { stop_loss_percent: '2.5' }, null],
    ['daily_loss_limit_percent', { daily_loss_limit_percent: ' ' }, null],
    ['daily_loss_limit_percent', { daily_loss_limit_percent: '3 %' }, 'Enter a number, or leave it empty for none.'],
    ['max_trades_per_day', { max_trades_per_day: '2.5' }, 'Enter a whole number, or leave it empty for none.'],
    ['cooldown_minutes', { cooldown_minutes: '' }, 'Enter a whole number.'],
    ['position_amount', { position_amount: '1,0' }, 'Enter a number.'],
  ])('%s: %j', (name, typed, message) => {
    expect(riskProblem(name, form({}, typed))).toBe(message)
  })
})

describe('in words', () => {
  test('a bot that says nothing', () => {
    expect(sizeWords(form())).toBe('5% of its equity in a position, at most 10 at once')
    expect(exitWords(form(), LONG)).toEqual([
      'sells 2% below the price at which it decided',
      'sells 4% above the price at which it decided',
    ])
    expect(haltWords(form())).toEqual(['opens nothing more that day after a loss of 3%'])
    expect(capWords(form())).toEqual(['one position at most 5% of the account', 'all together at most 100% of its equity'])
    expect(scaleWords(form())).toEqual([])
    expect(endsWithoutRule(form())).toBe('the stop-loss or the take-profit is reached')
  })

  test('the short side, and both', () => {
    expect(exitWords(form(), SHORT)[0]).toBe('buys back 2% above the price at which it decided')
    expect(exitWords(form(), SHORT)[1]).toBe('buys back 4% below the price at which it decided')
    expect(exitWords(form(), { long: true, short: true })[0]).toBe('closes at a loss of 2% from the price at which it decided')
  })

  test('everything that ends a position', () => {
    expect(exitWords(form({ ...everything, trailing_stop_percent: 1, trailing_activation_percent: 2, break_even_percent: 3, break_even_offset_percent: 0, time_stop_minutes: 90, stop_loss_atr: 2, take_profit_risk: 3 }), LONG)).toEqual([
      'sells 2 times the average true range below the price at which it decided',
      'follows the best price at 1% once 2% ahead',
      'moves the stop to the entry price once 3% ahead',
      'takes a profit of 3 times what the stop would lose',
      'closes a position after 90 minutes at the latest',
      'closes everything a minute before the trading window or the session ends',
    ])
  })

  test('nothing that ends a position', () => {
    const none = form({ stop_loss_percent: null, take_profit_percent: null })
    expect(exitWords(none, LONG)).toEqual(['no stop-loss', 'no take-profit'])
    expect(endsWithoutRule(none)).toBe('never: there is no exit rule, no stop and no target')
    expect(endsWithoutRule({ ...none, trailing_stop_percent: '1', time_stop_minutes: '5' })).toBe('the stop-loss or the time limit is reached')
  })

  test('entries that wait for their price', () => {
    expect(entryWords(form())).toEqual([])
    expect(entryWords(form({ entry_order: 'limit', entry_chase_steps: 3 }))).toEqual([
      'opens with a limit 0.1% better than the price at which it decided, given up after 5 minutes',
      'follows the price 3 times, to 0.5% at most',
    ])
    expect(entryWords(form({ entry_order: 'limit', entry_offset_percent: -0.2 }))[0]).toContain('a limit 0.2% worse than')
    expect(entryWords(form({ entry_order: 'stop', entry_chase_steps: 3 }))).toEqual([
      'opens with a stop 0.1% worse than the price at which it decided, given up after 5 minutes',
    ])
  })

  test('additions with the position and against it', () => {
    expect(scaleWords(form({ scale_in_steps: 2 }))).toEqual(['adds up to 2 times, each after a move of 1% with the position'])
    expect(scaleWords(form({ scale_in_steps: 2, scale_in_distance_percent: -3 }))).toEqual([
      'adds up to 2 times, each after a move of 3% against the position',
    ])
  })

  test('a pause after a loss that is shorter than the other says nothing', () => {
    expect(haltWords(form({ cooldown_minutes: 10, loss_cooldown_minutes: 5 })).at(-1)).toBe('returns to a symbol after 10 minutes')
    expect(haltWords(form({ cooldown_minutes: 10, loss_cooldown_minutes: 15 })).at(-1)).toBe('after a loss, returns after 15 minutes')
  })
})
