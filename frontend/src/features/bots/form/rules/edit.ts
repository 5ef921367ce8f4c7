// Changing a rule: what can stand in a comparison, and what a new one starts with.
import type { IndicatorOut } from '@/api'
import type { IndicatorForm } from '../model'
import { condition, constant, type ConditionForm, type OperandForm } from './model'
import { indicatorWord, type Vocabulary } from './sentence'

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
      const operand: OperandForm = { type: 'indicator', indicator: use.id, output: output.name, ago: 0 }
      return { id: choiceId(operand), group: 'Indicators', label: indicatorWord(use, output.name, catalogue), operand }
    }),
  )
  const prices = PRICE_FIELDS.map((field): Choice => {
    const operand: OperandForm = { type: 'price', field, ago: 0, timeframe: null }
    return { id: choiceId(operand), group: 'Price', label: field, operand }
  })
  const number = constant('')
  return [...outputs, ...prices, { id: choiceId(number), group: 'Number', label: 'a number', operand: number }]
}

/** The choice that an operand is; all numbers are one choice. */
export function choiceId(operand: OperandForm): string {
  switch (operand.type) {
    case 'indicator':
      return `indicator:${operand.indicator}:${operand.output}:${operand.ago}`
    case 'price':
      return `price:${operand.field}:${operand.ago}:${operand.timeframe ?? ''}`
    case 'constant':
      return 'number'
    case 'change':
      return `change:${operand.bars}:${choiceId(operand.of)}`
  }
}

/** A condition to start from: the first indicator against a number, or the close. */
export function firstCondition(indicators: readonly IndicatorForm[], catalogue: readonly IndicatorOut[]): ConditionForm {
  const first = choices({ indicators, catalogue })[0]
  return condition(first?.operand ?? { type: 'price', field: 'close', ago: 0, timeframe: null }, 'above', constant(''))
}
