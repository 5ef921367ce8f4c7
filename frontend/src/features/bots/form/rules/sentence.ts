// A rule in words, while it is being built; a stored bot brings its own sentences.
import type { IndicatorOut } from '@/api'
import type { IndicatorForm } from '../model'
import type { ConditionForm, OperandForm, RuleForm } from './model'

export const COMPARISONS: Record<ConditionForm['op'], string> = {
  above: 'is above',
  at_least: 'is at least',
  below: 'is below',
  at_most: 'is at most',
  crosses_above: 'crosses above',
  crosses_below: 'crosses below',
}

export interface Vocabulary {
  indicators: readonly IndicatorForm[]
  catalogue: readonly IndicatorOut[]
}

/** `RSI(14) crosses below 30 and close is above SMA(200)`; an empty group has no words. */
export function sentence(rule: RuleForm, words: Vocabulary): string {
  switch (rule.type) {
    case 'condition':
      return `${operandWord(rule.left, words)} ${COMPARISONS[rule.op]} ${operandWord(rule.right, words)}`
    case 'all':
      return rule.of.map((member) => bracketed(member, words, 'any')).join(' and ')
    case 'any':
      return rule.of.map((member) => bracketed(member, words, 'all')).join(' or ')
    case 'not':
      return `not (${sentence(rule.of, words)})`
  }
}

function bracketed(member: RuleForm, words: Vocabulary, other: 'all' | 'any'): string {
  const text = sentence(member, words)
  return member.type === other && member.of.length > 1 ? `(${text})` : text
}

/** One side of a comparison: `RSI(14)`, `MACD(12, 26, 9) signal`, `close`, `30`. */
export function operandWord(operand: OperandForm, words: Vocabulary): string {
  switch (operand.type) {
    case 'price':
      return operand.field
    case 'constant':
      return operand.value.trim() === '' ? '…' : operand.value
    case 'indicator': {
      const use = words.indicators.find(({ id }) => id === operand.indicator)
      return use ? indicatorWord(use, operand.output, words.catalogue) : `${operand.indicator} (removed)`
    }
  }
}

/** An indicator with its numbers, and the output's name where it has several. */
export function indicatorWord(use: IndicatorForm, output: string, catalogue: readonly IndicatorOut[]): string {
  const entry = catalogue.find(({ name }) => name === use.name)
  if (!entry) return use.id
  const numbers = entry.parameters.map(({ name, default: usual }) => use.params[name] ?? String(usual))
  const word = `${entry.name}(${numbers.join(', ')})`
  return entry.outputs.length === 1 ? word : `${word} ${output}`
}
