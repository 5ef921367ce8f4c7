// Sizing and risk as the form holds them: numbers as text, and one choice each for the kind of stop and target.
import type { RiskManagement } from '@/api'
import { digits, isWhole, numberIn, typed } from '../numbers'
import { ENTRY_ORDERS, FIELDS, FLAGS, SIZINGS, STOPS, TARGETS, type RiskFlag, type RiskNumber, type StopKind, type TargetKind } from './fields'

export type RiskForm = Record<RiskNumber, string> &
  Record<RiskFlag, boolean> &
  Pick<RiskManagement, 'sizing' | 'entry_order'> & { stop_kind: StopKind; target_kind: TargetKind }

export const RISK_NUMBERS = Object.keys(FIELDS) as RiskNumber[]
const RISK_FLAGS = Object.keys(FLAGS) as RiskFlag[]

/** The stored settings as the form shows them. */
export function riskFromWire(risk: RiskManagement): RiskForm {
  const texts = RISK_NUMBERS.map((name) => {
    const value = risk[name]
    return [name, value === null ? '' : typed(value)]
  })
  const flags = RISK_FLAGS.map((name) => [name, risk[name]])
  return {
    ...(Object.fromEntries(texts) as Record<RiskNumber, string>),
    ...(Object.fromEntries(flags) as Record<RiskFlag, boolean>),
    sizing: risk.sizing,
    entry_order: risk.entry_order,
    stop_kind: chosen(STOPS, risk),
    target_kind: chosen(TARGETS, risk),
  }
}

function chosen<Kind extends string>(kinds: Record<Kind, { field: RiskNumber | null }>, risk: RiskManagement): Kind | 'none' {
  const known = Object.entries<{ field: RiskNumber | null }>(kinds) as [Kind, { field: RiskNumber | null }][]
  return known.find(([, { field }]) => field !== null && risk[field] !== null)?.[0] ?? 'none'
}

/** The settings as they are sent; its texts were found to be numbers before (`riskProblem`). */
export function riskToWire(risk: RiskForm): RiskManagement {
  const unchosen = new Set(fieldsOfOtherKinds(risk))
  const numbers = RISK_NUMBERS.map((name) => {
    const off = unchosen.has(name) || (FIELDS[name].optional && risk[name].trim() === '')
    return [name, off ? null : numberIn(risk[name])]
  })
  const flags = RISK_FLAGS.map((name) => [name, risk[name]])
  return { sizing: risk.sizing, entry_order: risk.entry_order, ...Object.fromEntries([...numbers, ...flags]) } as RiskManagement
}

/** The fields of the kinds of stop and target that were not chosen. */
function fieldsOfOtherKinds({ stop_kind: stop, target_kind: target }: RiskForm): RiskNumber[] {
  const own = new Set([STOPS[stop].field, TARGETS[target].field])
  return [...Object.values(STOPS), ...Object.values(TARGETS)].flatMap(({ field }) => (field && !own.has(field) ? [field] : []))
}

/** Whether the form shows the field: it belongs to what is chosen or switched on. */
export function isShown(name: RiskNumber | RiskFlag, risk: RiskForm): boolean {
  const orders = Object.values(ENTRY_ORDERS).filter(({ fields }) => (fields as readonly string[]).includes(name))
  if (orders.length > 0 && !orders.includes(ENTRY_ORDERS[risk.entry_order])) return false
  const owner = OWNERS[name]
  if (owner !== undefined) return isOn(owner, risk)
  const sizings = Object.values(SIZINGS).filter(({ fields }) => (fields as readonly string[]).includes(name))
  if (sizings.length > 0) return sizings.includes(SIZINGS[risk.sizing])
  return !(fieldsOfOtherKinds(risk) as string[]).includes(name)
}

/** What says more of a number makes sense only while that is on. */
const OWNERS: Partial<Record<RiskNumber | RiskFlag, RiskNumber>> = {
  trailing_activation_percent: 'trailing_stop_percent',
  trailing_step_percent: 'trailing_stop_percent',
  break_even_offset_percent: 'break_even_percent',
  daily_loss_flatten: 'daily_loss_limit_percent',
  max_drawdown_flatten: 'max_drawdown_percent',
  scale_in_distance_percent: 'scale_in_steps',
  entry_chase_limit_percent: 'entry_chase_steps',
}

/** Whether an optional number is given, or one that may be 0 is not. */
export function isOn(name: RiskNumber, risk: RiskForm): boolean {
  const text = risk[name].trim()
  return text !== '' && (FIELDS[name].optional === true || numberIn(text) !== 0)
}

/** Why the text cannot be sent as this number; null when it can. */
export function riskProblem(name: RiskNumber, risk: RiskForm): string | null {
  const { optional, whole } = FIELDS[name]
  const text = risk[name]
  const required = !optional || name === STOPS[risk.stop_kind].field || name === TARGETS[risk.target_kind].field
  if (text.trim() === '' && !required) return null
  if (digits(text) !== null && (!whole || isWhole(text))) return null
  return `Enter a ${whole ? 'whole ' : ''}number${required ? '.' : ', or leave it empty for none.'}`
}

/** What is not shown is sent as it was: nobody can mend what they do not see. */
export function withHiddenAsBefore(risk: RiskForm, before: RiskForm): RiskForm {
  const hidden = [...RISK_NUMBERS, ...RISK_FLAGS].filter((name) => !isShown(name, risk))
  return { ...risk, ...Object.fromEntries(hidden.map((name) => [name, before[name]])) }
}
