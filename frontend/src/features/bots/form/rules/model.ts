// A rule as the form holds it: the wire's tree, with typed numbers as text and a key for each node.
import type { BotRules, ConditionRule, TrendRule } from '@/api'

export type RuleTree = NonNullable<BotRules['entry']>
type WireOperand = ConditionRule['left']

export type OperandForm = Exclude<WireOperand, { type: 'constant' }> | { type: 'constant'; value: string }

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
  bars: number
}

export interface HeldForm {
  key: string
  type: 'held'
  of: RuleForm
  bars: number
}

export type RuleForm = ConditionForm | GroupForm | NotForm | BetweenForm | TrendForm | HeldForm

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

export const not = (of: RuleForm): NotForm => ({ key: newKey(), type: 'not', of })

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
      return { key: newKey(), type: 'held', of: fromWire(rule.of), bars: rule.bars }
    case 'trend':
      return { key: newKey(), type: 'trend', value: operandFromWire(rule.value), direction: rule.direction, bars: rule.bars }
    case 'between': {
      const { value, low, high } = rule
      return { key: newKey(), type: 'between', value: operandFromWire(value), low: operandFromWire(low), high: operandFromWire(high) }
    }
    case 'condition':
      return condition(operandFromWire(rule.left), rule.op, operandFromWire(rule.right))
  }
}

function operandFromWire(operand: WireOperand): OperandForm {
  return operand.type === 'constant' ? constant(String(operand.value)) : operand
}

/** The rule as it is sent. A number that is not one was refused before (`validation.ts`). */
export function toWire(rule: RuleForm): RuleTree {
  switch (rule.type) {
    case 'all':
    case 'any':
      return { type: rule.type, of: rule.of.map(toWire) }
    case 'not':
      return { type: 'not', of: toWire(rule.of) }
    case 'held':
      return { type: 'held', of: toWire(rule.of), bars: rule.bars }
    case 'trend':
      return { type: 'trend', value: operandToWire(rule.value), direction: rule.direction, bars: rule.bars }
    case 'between':
      return { type: 'between', value: operandToWire(rule.value), low: operandToWire(rule.low), high: operandToWire(rule.high) }
    case 'condition':
      return { type: 'condition', left: operandToWire(rule.left), op: rule.op, right: operandToWire(rule.right) }
  }
}

function operandToWire(operand: OperandForm): WireOperand {
  return operand.type === 'constant' ? { type: 'constant', value: Number(operand.value) } : operand
}
