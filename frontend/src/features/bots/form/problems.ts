// What is wrong with the form, by the field's path: found here (not a number) or by the server (422).
// The form knows its fields by anchors; a path of the server's belongs to the nearest anchor above it.
import type { FieldError } from '@/api'
import type { FormValues } from './model'
import { FIELDS, FLAGS, type RiskFlag, type RiskNumber } from './risk/fields'
import { isShown, type RiskForm } from './risk/model'
import type { OperandForm, RuleForm } from './rules/model'

export interface Problem {
  /** Where the form shows it; empty when no field is concerned. */
  anchor: string
  message: string
}

const RENAMED: Record<string, string> = {
  start_hour: 'window.start',
  start_minute: 'window.start',
  end_hour: 'window.end',
  end_minute: 'window.end',
}

/** Bring errors, whose paths lead into the request body, to the fields of the form that sent it. */
export function placeErrors(errors: readonly FieldError[], values: FormValues): Problem[] {
  const known = anchors(values)
  return errors.map(({ field, message }) => ({ anchor: nearest(RENAMED[field] ?? field, known), message }))
}

/** Every place at which the form shows a problem. */
export function anchors(values: FormValues): Set<string> {
  const sides = ['entry', 'exit', 'short_entry', 'short_exit'] as const
  return new Set([
    'name',
    'capital',
    'symbols',
    ...values.symbols.map((_, index) => `symbols.${index}`),
    'timeframe',
    'trading_frequency',
    'indicators',
    ...values.indicators.flatMap((use, index) => [
      `indicators.${index}`,
      `indicators.${index}.source`,
      `indicators.${index}.timeframe`,
      ...Object.keys(use.params).map((name) => `indicators.${index}.params.${name}`),
    ]),
    ...sides.flatMap((side) => {
      const rule = values.rules[side]
      return rule ? ruleAnchors(rule, `rules.${side}`) : [`rules.${side}`]
    }),
    ...riskAnchors(values.risk_management),
    ...(values.window.all_day ? ['window'] : ['window.start', 'window.end']),
  ])
}

/** The risk fields that are shown; what is said of another is shown above them all. */
function riskAnchors(risk: RiskForm): string[] {
  const names = [...Object.keys(FIELDS), ...Object.keys(FLAGS)] as (RiskNumber | RiskFlag)[]
  const shown = ['sizing', 'entry_order', 'stop_kind', 'target_kind', ...names.filter((name) => isShown(name, risk))]
  return ['risk_management', ...shown.map((name) => `risk_management.${name}`)]
}

function ruleAnchors(rule: RuleForm, path: string): string[] {
  switch (rule.type) {
    case 'condition':
      return [path, ...operandAnchors(rule.left, `${path}.left`), ...operandAnchors(rule.right, `${path}.right`)]
    case 'between': {
      const { value, low, high } = rule
      return [path, ...operandAnchors(value, `${path}.value`), ...operandAnchors(low, `${path}.low`), ...operandAnchors(high, `${path}.high`)]
    }
    case 'trend':
      return [path, `${path}.bars`, ...operandAnchors(rule.value, `${path}.value`)]
    case 'held':
      return [path, `${path}.bars`, ...ruleAnchors(rule.of, `${path}.of`)]
    case 'not':
      return [path, ...ruleAnchors(rule.of, `${path}.of`)]
    case 'all':
    case 'any':
      return [path, ...rule.of.flatMap((member, index) => ruleAnchors(member, `${path}.of.${index}`))]
  }
}

function operandAnchors(operand: OperandForm, path: string): string[] {
  switch (operand.type) {
    case 'constant':
      return [path]
    case 'change':
      return [path, `${path}.bars`, `${path}.of.ago`, `${path}.of.timeframe`]
    default:
      return [path, `${path}.ago`, `${path}.timeframe`]
  }
}

function nearest(field: string, known: ReadonlySet<string>): string {
  let path = field
  while (path !== '' && !known.has(path)) path = path.slice(0, Math.max(0, path.lastIndexOf('.')))
  return path
}

/** The problems that remain when the field at `anchor` was changed: it, what it holds, what holds it. */
export function withoutTouched(problems: readonly Problem[], anchor: string): Problem[] {
  return problems.filter(
    (problem) =>
      problem.anchor !== anchor && !problem.anchor.startsWith(`${anchor}.`) && !anchor.startsWith(`${problem.anchor}.`),
  )
}

/** What stands at one place, as one text. */
export function messageAt(problems: readonly Problem[], anchor: string): string | null {
  const messages = problems.filter((problem) => problem.anchor === anchor).map(({ message }) => message)
  return messages.length > 0 ? messages.join(' ') : null
}
