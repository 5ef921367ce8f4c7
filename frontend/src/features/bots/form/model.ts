// What the form holds: the definition as a person types it, numbers as text.
import { TIMEFRAME_SECONDS } from '@/shared/trading/timeframes'
import type { BotDefinition, BotRules, IndicatorOut, IndicatorUseModel } from '@/api'
import { digits, numberIn, typed } from './numbers'
import { riskFromWire, riskToWire, type RiskForm } from './risk/model'
import type { Sides } from './risk/words'
import { group, groupFromWire, toWire, type GroupForm } from './rules/model'

export interface IndicatorForm {
  id: string
  name: string
  params: Record<string, string>
  /** Empty: the bot's own. */
  timeframe: BotDefinition['timeframe'] | ''
  /** The series it reads, where its catalogue entry leaves the choice. */
  source: IndicatorUseModel['source']
}

export interface FormValues {
  name: string
  capital: string
  symbols: string[]
  timeframe: BotDefinition['timeframe']
  /** Seconds, or empty for "at every bar". */
  trading_frequency: string
  indicators: IndicatorForm[]
  rules: Record<Exclude<keyof BotRules, 'entry'>, GroupForm | null> & { entry: GroupForm }
  risk_management: RiskForm
  /** New York hours, `HH:MM`. */
  window: { all_day: boolean; start: string; end: string }
}

/** The hours a window starts with when all day is switched off: the regular session. */
const SESSION = { start: '09:30', end: '16:00' }

/** The sides on which it trades: the long one, unless only the short side has a rule to enter. */
export function sidesOf(rules: FormValues['rules']): Sides {
  const short = rules.short_entry !== null
  return { long: !short || rules.entry.of.length > 0, short }
}

/** A definition as the form shows it. */
export function fromDefinition(definition: BotDefinition): FormValues {
  const { rules, risk_management: risk, trading_frequency: frequency } = definition
  return {
    name: definition.name,
    capital: definition.capital,
    symbols: definition.symbols,
    timeframe: definition.timeframe,
    trading_frequency: frequency === null || frequency === TIMEFRAME_SECONDS[definition.timeframe] ? '' : String(frequency),
    indicators: definition.indicators.map((use) => ({ ...use, params: asText(use.params), timeframe: use.timeframe ?? '' })),
    rules: {
      entry: rules.entry ? groupFromWire(rules.entry) : group('all', []),
      exit: rules.exit && groupFromWire(rules.exit),
      short_entry: rules.short_entry && groupFromWire(rules.short_entry),
      short_exit: rules.short_exit && groupFromWire(rules.short_exit),
    },
    risk_management: riskFromWire(risk),
    window: windowFrom(definition),
  }
}

/** What is sent. Its values were checked to be numbers where numbers stand (`validation.ts`). */
export function toDefinition(values: FormValues): BotDefinition {
  const { risk_management: risk, rules } = values
  return {
    name: values.name.trim(),
    capital: digits(values.capital) ?? values.capital.trim(),
    symbols: values.symbols,
    timeframe: values.timeframe,
    trading_frequency: values.trading_frequency === '' ? null : Number(values.trading_frequency),
    indicators: values.indicators.map((use) => ({ ...use, params: asParameters(use.params), timeframe: use.timeframe || null })),
    rules: {
      // Only a bot that sells short may be without a rule to buy.
      entry: sidesOf(rules).long ? toWire(rules.entry) : null,
      exit: rules.exit && toWire(rules.exit),
      short_entry: rules.short_entry && toWire(rules.short_entry),
      short_exit: rules.short_exit && toWire(rules.short_exit),
    },
    risk_management: riskToWire(risk),
    ...windowFields(values.window),
  }
}

/** A new use of a catalogue entry, with an id that no other use has: `rsi`, `rsi_2`. */
export function newIndicator(entry: IndicatorOut, others: readonly Pick<IndicatorUseModel, 'id'>[]): IndicatorForm {
  const taken = new Set(others.map(({ id }) => id))
  const base = entry.name.toLowerCase().replaceAll(/\W/g, '_')
  let id = base
  for (let number = 2; taken.has(id); number += 1) id = `${base}_${number}`
  const params = Object.fromEntries(entry.parameters.map((p) => [p.name, String(p.default)]))
  return { id, name: entry.name, params, source: entry.source ?? 'close', timeframe: '' }
}

const asText = (values: IndicatorUseModel['params']): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, typeof value === 'number' ? typed(value) : value]))

/** Numbers as numbers; what is none is the name of a choice. */
const asParameters = (texts: Record<string, string>): Record<string, number | string> =>
  Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, Number.isNaN(numberIn(text)) ? text : numberIn(text)]))

type WindowFields = Pick<BotDefinition, 'start_hour' | 'start_minute' | 'end_hour' | 'end_minute'>

function windowFrom({ start_hour, start_minute, end_hour, end_minute }: WindowFields): FormValues['window'] {
  if (!start_hour && !start_minute && !end_hour && !end_minute) return { all_day: true, ...SESSION }
  return { all_day: false, start: clock(start_hour, start_minute), end: clock(end_hour, end_minute) }
}

function windowFields({ all_day, start, end }: FormValues['window']): WindowFields {
  const [from, until] = all_day ? [[0, 0], [0, 0]] : [start, end].map((text) => text.split(':').map(Number))
  return { start_hour: from?.[0] ?? 0, start_minute: from?.[1] ?? 0, end_hour: until?.[0] ?? 0, end_minute: until?.[1] ?? 0 }
}

const clock = (hour: number, minute: number): string => [hour, minute].map((part) => String(part).padStart(2, '0')).join(':')
