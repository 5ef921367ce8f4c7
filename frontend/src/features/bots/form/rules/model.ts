// A rule as the form holds it: the wire's tree, with typed numbers as text and a key for each node.
import type { BotRules, ConditionRule, TrendRule } from '@/api'
import { numberIn, typed } from '../numbers'

export type RuleTree = NonNullable<BotRules['entry']>
type WireOperand = ConditionRule['left']

type WireSeries = Extract<WireOperand, { type: 'indicator' | 'price' }>

/** A value at each bar; `ago` is so many bars earlier. */
export type SeriesForm = AsText<Extract<WireSeries, { type: 'indicator' }>, 'ago'> | AsText<Extract<WireSeries, { type: 'price' }>, 'ago'>
/** By how many percent a series lies above its own value of so many bars earlier. */
export interface ChangeForm {
  type: 'change'
  of: SeriesForm
  bars: string
}

export type OperandForm = SeriesForm | ChangeForm | { type: 'constant'; value: string }

type AsText<Type, Key extends keyof Type> = Omit<Type, Key> & Record<Key, string>

export interface ConditionForm {
  key: string
  type: 'condition'
  left: OperandForm
  op: ConditionRule['op']
  right: OperandForm
}

export interface GroupForm {
  key: string
  type: 'all' | 'any'
  of: RuleForm[]
}

export interface NotForm {
  key: string
  type: 'not'
  of: RuleForm
}

export interface BetweenForm {
  key: string
  type: 'between'
  value: OperandForm
  low: OperandForm
  high: OperandForm
}

export interface TrendForm {
  key: string
  type: 'trend'
  value: OperandForm
  direction: TrendRule['direction']
  bars: string
}

export interface HeldForm {
  key: string
  type: 'held'
  of: RuleForm
  bars: string
}

/** What compares values, and so is one row of the form. */
export type ComparingForm = ConditionForm | BetweenForm | TrendForm
export type RuleForm = ComparingForm | GroupForm | NotForm | HeldForm

let made = 0
const newKey = () => `node-${(made += 1)}`

export const constant = (value: string): OperandForm => ({ type: 'constant', value })

export const condition = (left: OperandForm, op: ConditionForm['op'], right: OperandForm): ConditionForm => ({
  key: newKey(),
  type: 'condition',
  left,
  op,
  right,
})

export const group = (type: GroupForm['type'], of: RuleForm[]): GroupForm => ({ key: newKey(), type, of })

export const not = (of: RuleForm, key = newKey()): NotForm => ({ key, type: 'not', of })

/** A stored rule as the form's group: the editor's top level always is one, and a lone rule is all of it. */
export function groupFromWire(rule: RuleTree): GroupForm {
  const form = fromWire(rule)
  return form.type === 'all' || form.type === 'any' ? form : group('all', [form])
}

function fromWire(rule: RuleTree): RuleForm {
  switch (rule.type) {
    case 'all':
    case 'any':
      return group(rule.type, rule.of.map(fromWire))
    case 'not':
      return not(fromWire(rule.of))
    case 'held':
      return { key: newKey(), type: 'held', of: fromWire(rule.of), bars: String(rule.bars) }
    case 'trend':
      return { key: newKey(), type: 'trend', value: operandFromWire(rule.value), direction: rule.direction, bars: String(rule.bars) }
    case 'between': {
      const { value, low, high } = rule
      return { key: newKey(), type: 'between', value: operandFromWire(value), low: operandFromWire(low), high: operandFromWire(high) }
    }
    case 'condition':
      return condition(operandFromWire(rule.left), rule.op, operandFromWire(rule.right))
  }
}

function operandFromWire(operand: WireOperand): OperandForm {
  switch (operand.type) {
    case 'constant':
      return constant(typed(operand.value))
    case 'change':
      return { type: 'change', of: seriesFromWire(operand.of), bars: String(operand.bars) }
    default:
      return seriesFromWire(operand)
  }
}

const seriesFromWire = (series: WireSeries): SeriesForm => ({ ...series, ago: String(series.ago) })

/** The rule as it is sent. A number that is not one was refused before (`validation.ts`). */
export function toWire(rule: RuleForm): RuleTree {
  switch (rule.type) {
    case 'all':
    case 'any':
      return { type: rule.type, of: rule.of.map(toWire) }
    case 'not':
      return { type: 'not', of: toWire(rule.of) }
    case 'held':
      return { type: 'held', of: toWire(rule.of), bars: numberIn(rule.bars) }
    case 'trend':
      return { type: 'trend', value: operandToWire(rule.value), direction: rule.direction, bars: numberIn(rule.bars) }
    case 'between':
      return { type: 'between', value: operandToWire(rule.value), low: operandToWire(rule.low), high: operandToWire(rule.high) }
    case 'condition':
      return { type: 'condition', left: operandToWire(rule.left), op: rule.op, right: operandToWire(rule.right) }
  }
}

function operandToWire(operand: OperandForm): WireOperand {
  switch (operand.type) {
    case 'constant':
      return { type: 'constant', value: numberIn(operand.value) }
    case 'change':
      return { type: 'change', of: seriesToWire(operand.of), bars: numberIn(operand.bars) }
    default:
      return seriesToWire(operand)
  }
}

const seriesToWire = (series: SeriesForm): WireSeries => ({ ...series, ago: numberIn(series.ago) })
