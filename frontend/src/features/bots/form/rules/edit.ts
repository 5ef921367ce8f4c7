// Changing a rule: what can stand in a comparison, how values are compared, and what a new one starts with.
import type { BotDefinition, IndicatorOut } from '@/api'
import type { IndicatorForm } from '../model'
import { condition, constant, type ComparingForm, type ConditionForm, type HeldForm, type OperandForm, type RuleForm, type SeriesForm } from './model'
import { COMPARISONS, indicatorWord, type Vocabulary } from './sentence'

const PRICE_FIELDS = ['close', 'open', 'high', 'low', 'volume'] as const

export interface Choice {
  /** Names the choice in a select. */
  id: string
  group: 'Indicators' | 'Price' | 'Number'
  label: string
  operand: OperandForm
}

/** Everything that may stand on one side of a comparison. */
export function choices({ indicators, catalogue }: Vocabulary): Choice[] {
  const outputs = indicators.flatMap((use) =>
    (catalogue.find(({ name }) => name === use.name)?.outputs ?? []).map((output): Choice => {
      const operand: OperandForm = { type: 'indicator', indicator: use.id, output: output.name, ago: '0' }
      return { id: choiceId(operand), group: 'Indicators', label: indicatorWord(use, output.name, catalogue), operand }
    }),
  )
  const prices = PRICE_FIELDS.map((field): Choice => {
    const operand: OperandForm = { type: 'price', field, ago: '0', timeframe: null }
    return { id: choiceId(operand), group: 'Price', label: field, operand }
  })
  const number = constant('')
  return [...outputs, ...prices, { id: choiceId(number), group: 'Number', label: 'a number', operand: number }]
}

/** The choice that an operand is: all numbers are one, and so is a series at whatever bar, or its change. */
export function choiceId(operand: OperandForm): string {
  switch (operand.type) {
    case 'indicator':
      return `indicator:${operand.indicator}:${operand.output}`
    case 'price':
      return `price:${operand.field}`
    case 'constant':
      return 'number'
    case 'change':
      return choiceId(operand.of)
  }
}

/** The values at each bar that an operand speaks of; a number has none. */
export const seriesOf = (operand: OperandForm): SeriesForm | null =>
  operand.type === 'constant' ? null : operand.type === 'change' ? operand.of : operand

/** The series at another bar, or of another timeframe; a change stays one. */
export function withSeries(operand: OperandForm, change: { ago?: string; timeframe?: BotDefinition['timeframe'] | null }): OperandForm {
  if (operand.type === 'constant') return operand
  if (operand.type === 'change') return { ...operand, of: { ...operand.of, ...change } as SeriesForm }
  return { ...operand, ...change }
}

/** The series' change over so many bars; without a number, the series itself. */
export function withChange(operand: OperandForm, bars: string): OperandForm {
  const of = seriesOf(operand)
  if (of === null) return operand
  return bars === '' ? of : { type: 'change', of, bars }
}

export const isComparing = (rule: RuleForm): rule is ComparingForm =>
  rule.type === 'condition' || rule.type === 'between' || rule.type === 'trend'

/** How a row compares: two values, one with two bounds, or one with its own past. */
export type Way = ConditionForm['op'] | 'between' | 'rising' | 'falling'

export const WAYS: Record<Way, string> = {
  ...COMPARISONS,
  between: 'is between',
  rising: 'has been rising',
  falling: 'has been falling',
}

export const wayOf = (rule: ComparingForm): Way =>
  rule.type === 'condition' ? rule.op : rule.type === 'trend' ? rule.direction : 'between'

/** How many bars a trend starts with. */
const TREND_BARS = '3'

/** The row comparing in another way; its values stay as far as they fit. */
export function comparedBy(rule: ComparingForm, way: Way): ComparingForm {
  const { key } = rule
  const value = rule.type === 'condition' ? rule.left : rule.value
  const other = rule.type === 'condition' ? rule.right : rule.type === 'between' ? rule.low : constant('')
  if (way === 'between') return { key, type: 'between', value, low: other, high: rule.type === 'between' ? rule.high : constant('') }
  if (way === 'rising' || way === 'falling') {
    return { key, type: 'trend', value, direction: way, bars: rule.type === 'trend' ? rule.bars : TREND_BARS }
  }
  return { ...condition(value, way, other), key }
}

/** The rule held for so many bars; without a number, the rule itself. It keeps its place among its siblings. */
export function heldFor(rule: RuleForm, bars: string): RuleForm {
  const { key } = rule
  const of = rule.type === 'held' ? rule.of : rule
  return bars === '' ? { ...of, key } : ({ key, type: 'held', of, bars } satisfies HeldForm)
}

/** A condition to start from: the first indicator against a number, or the close. */
export function firstCondition(indicators: readonly IndicatorForm[], catalogue: readonly IndicatorOut[]): ConditionForm {
  const first = choices({ indicators, catalogue })[0]
  return condition(first?.operand ?? { type: 'price', field: 'close', ago: '0', timeframe: null }, 'above', constant(''))
}
