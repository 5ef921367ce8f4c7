// The risk settings in words.
import type { FormValues } from './model'

/** `20% of its equity in a position, at most 5 at once; stop-loss 2% below, …`. */
export function protectionWords(risk: FormValues['risk_management']): string {
  const shown = (value: string) => (value.trim() === '' ? '…' : value.trim())
  const parts = [
    `${shown(risk.position_percent)}% of its equity in a position, at most ${shown(risk.max_open_positions)} at once`,
    risk.stop_loss_percent.trim() === '' ? 'no stop-loss' : `stop-loss ${risk.stop_loss_percent}% below`,
    risk.take_profit_percent.trim() === '' ? 'no take-profit' : `take-profit ${risk.take_profit_percent}% above`,
    risk.daily_loss_limit_percent.trim() === ''
      ? 'no daily limit'
      : `no more buying after a loss of ${risk.daily_loss_limit_percent}% in a day`,
  ]
  return parts.join('; ')
}
