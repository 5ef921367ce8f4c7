// Sizing and risk in words: what is set, by the parts in which the form shows it.
import type { RiskForm } from './model'
import { isOn } from './model'
import type { RiskNumber, StopKind } from './fields'
import { numberIn } from '../numbers'

/** The sides on which a bot trades. */
export interface Sides {
  long: boolean
  short: boolean
}

const DECIDED = 'the price at which it decided'

/** `5% of its equity in a position, at most 10 at once`. */
export function sizeWords(risk: RiskForm): string {
  const fixed = risk.fixed_capital ? ', always of its first capital' : ''
  const fractions = risk.fractional ? ', in fractions of a share' : ''
  return `${SIZES[risk.sizing](shownBy(risk))}${fixed}${fractions}, at most ${shownBy(risk)('max_open_positions')} at once`
}

type Shown = (name: RiskNumber) => string
const shownBy = (risk: RiskForm): Shown => (name) => risk[name].trim() || '…'

const SIZES: Record<RiskForm['sizing'], (shown: Shown) => string> = {
  percent_of_equity: (shown) => `${shown('position_percent')}% of its equity in a position`,
  fixed_amount: (shown) => `$${shown('position_amount')} in a position`,
  fixed_quantity: (shown) => `${shown('position_quantity')} shares or coins in a position`,
  risk_per_trade: (shown) => `so many shares that the stop costs ${shown('risk_percent')}% of its equity`,
  kelly: (shown) =>
    `${shown('kelly_fraction')} of the Kelly bet of its own trades (${shown('position_percent')}% of its equity until ` +
    `${shown('kelly_after_trades')} are closed)`,
  volatility_target: (shown) => `so much that a position swings ${shown('volatility_percent')}% a year, at most its equity`,
}

/** How it opens a position where that is not at the market: `waits up to 5 minutes for a price 0.1% better than …` */
export function entryWords(risk: RiskForm): string[] {
  if (risk.entry_order === 'market') return []
  const shown = shownBy(risk)
  const offset = risk.entry_offset_percent.trim()
  const through = offset.startsWith('-')
  const better = risk.entry_order === 'limit' && !through
  const away = `${(through ? offset.slice(1) : offset) || '…'}% ${better ? 'better' : 'worse'} than ${DECIDED}`
  const kind = risk.entry_order === 'limit' ? 'a limit' : 'a stop'
  const words = [`opens with ${kind} ${away}, given up after ${shown('entry_expire_minutes')} minutes`]
  if (risk.entry_order === 'limit' && isOn('entry_chase_steps', risk)) {
    words.push(`follows the price ${shown('entry_chase_steps')} times, to ${shown('entry_chase_limit_percent')}% at most`)
  }
  return words
}

/** Where a position ends without a rule: `sells 2% below the price at which it decided`, … */
export function exitWords(risk: RiskForm, sides: Sides): string[] {
  return [stopWords(risk, sides), ...trailWords(risk), targetWords(risk, sides), ...timeWords(risk)]
}

/** `closes a position after 90 minutes at the latest`. */
export function timeWords(risk: RiskForm): string[] {
  return [
    isOn('time_stop_minutes', risk) && `closes a position after ${risk.time_stop_minutes} minutes at the latest`,
    risk.flatten_at_window_end && 'closes everything a minute before the trading window or the session ends',
  ].filter((words) => words !== false)
}

/** The stop that moves: `follows the best price at 1%`. */
export function trailWords(risk: RiskForm): string[] {
  const shown = shownBy(risk)
  const words: string[] = []
  if (isOn('trailing_stop_percent', risk)) {
    const later = isOn('trailing_activation_percent', risk) ? ` once ${shown('trailing_activation_percent')}% ahead` : ''
    words.push(`follows the best price at ${shown('trailing_stop_percent')}%${later}`)
  }
  if (isOn('break_even_percent', risk)) {
    const beyond = isOn('break_even_offset_percent', risk) ? `${shown('break_even_offset_percent')}% beyond the entry price` : 'to the entry price'
    words.push(`moves the stop ${beyond} once ${shown('break_even_percent')}% ahead`)
  }
  return words
}

const STOP_DISTANCES: Record<Exclude<StopKind, 'none' | 'price'>, (shown: Shown) => string> = {
  percent: (shown) => `${shown('stop_loss_percent')}%`,
  atr: (shown) => `${shown('stop_loss_atr')} times the average true range`,
}

function stopWords(risk: RiskForm, sides: Sides): string {
  const { stop_kind: kind } = risk
  if (kind === 'none') return 'no stop-loss'
  if (kind === 'price') return `${closes(sides)} at a price of $${shownBy(risk)('stop_loss_price')}`
  return at(STOP_DISTANCES[kind](shownBy(risk)), sides, 'loss')
}

function targetWords(risk: RiskForm, sides: Sides): string {
  const shown = shownBy(risk)
  if (risk.target_kind === 'none') return 'no take-profit'
  if (risk.target_kind === 'risk') return `takes a profit of ${shown('take_profit_risk')} times what the stop would lose`
  return at(`${shown('take_profit_percent')}%`, sides, 'profit')
}

const closes = ({ long, short }: Sides): string => (long && short ? 'closes' : short ? 'buys back' : 'sells')

function at(distance: string, { long, short }: Sides, outcome: 'loss' | 'profit'): string {
  if (long && short) return `closes at a ${outcome} of ${distance} from ${DECIDED}`
  const below = (outcome === 'loss') === long
  return `${closes({ long, short })} ${distance} ${below ? 'below' : 'above'} ${DECIDED}`
}

/** Caps on how much: `one position at most 5% of the account`, … */
export function capWords(risk: RiskForm): string[] {
  const shown = shownBy(risk)
  return [
    isOn('max_position_account_percent', risk) && `one position at most ${shown('max_position_account_percent')}% of the account`,
    isOn('max_position_amount', risk) && `one position at most $${shown('max_position_amount')}`,
    isOn('max_symbol_percent', risk) && `one symbol at most ${shown('max_symbol_percent')}% of its equity`,
    isOn('max_exposure_percent', risk) && `all together at most ${shown('max_exposure_percent')}% of its equity`,
    isOn('max_volume_percent', risk) && `an order at most ${shown('max_volume_percent')}% of a usual minute’s volume`,
  ].filter((words) => words !== false)
}

/** What stops it from opening more: `stops for the day at a loss of 3%`, … */
export function haltWords(risk: RiskForm): string[] {
  const shown = shownBy(risk)
  const after = longerPause(risk)
  return [
    isOn('daily_loss_limit_percent', risk)
      ? `opens nothing more that day after a loss of ${shown('daily_loss_limit_percent')}%${risk.daily_loss_flatten ? ', and closes everything' : ''}`
      : 'no daily limit',
    isOn('max_drawdown_percent', risk) &&
      `opens nothing more at all ${shown('max_drawdown_percent')}% below its highest equity${risk.max_drawdown_flatten ? ', and closes everything' : ''}`,
    isOn('max_trades_per_day', risk) && `at most ${shown('max_trades_per_day')} entries a day`,
    isOn('max_consecutive_losses', risk) && `opens nothing more that day after ${shown('max_consecutive_losses')} losses in a row`,
    isOn('cooldown_minutes', risk) && `returns to a symbol after ${shown('cooldown_minutes')} minutes`,
    after !== null && `after a loss, returns after ${after} minutes`,
  ].filter((words) => words !== false)
}

function longerPause(risk: RiskForm): string | null {
  if (!isOn('loss_cooldown_minutes', risk)) return null
  return numberIn(risk.loss_cooldown_minutes) > numberIn(risk.cooldown_minutes) ? risk.loss_cooldown_minutes : null
}

/** `adds up to 2 times, each after a move of 1% with the position`. */
export function scaleWords(risk: RiskForm): string[] {
  if (!isOn('scale_in_steps', risk)) return []
  const distance = risk.scale_in_distance_percent.trim()
  const way = distance.startsWith('-') ? `${distance.slice(1)}% against` : `${distance || '…'}% with`
  return [`adds up to ${risk.scale_in_steps} times, each after a move of ${way} the position`]
}

/** What ends a position that has no exit rule: `the stop-loss or the take-profit is reached`. */
export function endsWithoutRule(risk: RiskForm): string {
  const stops = risk.stop_kind !== 'none' || isOn('trailing_stop_percent', risk)
  const ends = [
    stops && 'the stop-loss',
    risk.target_kind !== 'none' && 'the take-profit',
    isOn('time_stop_minutes', risk) && 'the time limit',
    risk.flatten_at_window_end && 'the end of the trading window',
  ].filter((words) => words !== false)
  return ends.length > 0 ? `${ends.join(' or ')} is reached` : 'never: there is no exit rule, no stop and no target'
}

/** Several phrases as one sentence. */
export function joined(phrases: readonly string[]): string {
  const text = phrases.join('; ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}
