// A rule in words, while it is being built; a stored bot brings its own sentences.
import type { BotDefinition, IndicatorOut } from '@/api'
import type { IndicatorForm } from '../model'
import type { ConditionForm, GroupForm, OperandForm, RuleForm } from './model'

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
      return `${beside(rule.left, rule.right, words)} ${COMPARISONS[rule.op]} ${beside(rule.right, rule.left, words)}`
    case 'between':
      return `${operandWord(rule.value, words)} is between ${beside(rule.low, rule.value, words)} and ${beside(rule.high, rule.value, words)}`
    case 'trend':
      return `${operandWord(rule.value, words)} has been ${rule.direction} for ${bars(rule.bars)}`
    case 'held': {
      const text = sentence(rule.of, words)
      const plain = rule.of.type === 'condition' || rule.of.type === 'between'
      return `${plain ? text : `(${text})`} for ${bars(rule.bars)} in a row`
    }
    case 'all':
      return rule.of.map((member) => memberWords(member, rule, words)).join(' and ')
    case 'any':
      return rule.of.map((member) => memberWords(member, rule, words)).join(' or ')
    case 'not':
      return `not (${sentence(rule.of, words)})`
  }
}

/** What would read two ways among other members stands in brackets; a group of one reads as its member. */
function memberWords(member: RuleForm, group: GroupForm, words: Vocabulary): string {
  if (member.type === 'all' || member.type === 'any') {
    const [only, ...others] = member.of
    if (only && others.length === 0) return memberWords(only, group, words)
  }
  const text = sentence(member, words)
  const alone = group.of.length === 1 || member.type === group.type
  const joined = member.type === 'all' || member.type === 'any' || member.type === 'held'
  return joined && !alone ? `(${text})` : text
}

/** A number that a change is compared with is a percentage. */
function beside(operand: OperandForm, other: OperandForm, words: Vocabulary): string {
  return operandWord(operand, words) + (operand.type === 'constant' && other.type === 'change' ? '%' : '')
}

const bars = (count: string): string => (count.trim() === '1' ? '1 bar' : `${count.trim() || '…'} bars`)

const earlier = (text: string, ago: string): string => (ago.trim() === '0' ? text : `${text} ${bars(ago)} ago`)

function prefix(timeframe: BotDefinition['timeframe'] | '' | null): string {
  if (!timeframe) return ''
  return timeframe === '1Day' ? 'daily ' : `${timeframe.replace('Min', '-minute').replace('Hour', '-hour')} `
}

/** One side of a comparison: `RSI(14)`, `MACD(12, 26, 9) signal`, `daily close`, `30`. */
export function operandWord(operand: OperandForm, words: Vocabulary): string {
  switch (operand.type) {
    case 'price':
      return earlier(prefix(operand.timeframe) + operand.field, operand.ago)
    case 'change':
      return `the change of ${operandWord(operand.of, words)} over ${bars(operand.bars)}`
    case 'constant':
      return operand.value.trim() === '' ? '…' : operand.value
    case 'indicator': {
      const use = words.indicators.find(({ id }) => id === operand.indicator)
      return earlier(use ? indicatorWord(use, operand.output, words.catalogue) : `${operand.indicator} (removed)`, operand.ago)
    }
  }
}

/** An indicator with its numbers, and the output's name where it has several. */
export function indicatorWord(use: IndicatorForm, output: string, catalogue: readonly IndicatorOut[]): string {
  const entry = catalogue.find(({ name }) => name === use.name)
  if (!entry) return use.id
  const numbers = entry.parameters.map(({ name, default: usual }) => use.params[name] ?? String(usual))
  if (entry.source !== null && use.source !== entry.source) numbers.push(use.source)
  const word = prefix(use.timeframe) + (numbers.length > 0 ? `${entry.name}(${numbers.join(', ')})` : entry.name)
  return entry.outputs.length === 1 ? word : `${word} ${output}`
}
