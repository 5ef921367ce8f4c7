// What a bot holds, and what would still sell it when its rules no longer run.
import type { BotOut, PositionOut } from '@/api'
import { count, dollars, signedDollars } from '@/shared/format/numbers'

type Guarded = Pick<PositionOut, 'stop_loss_price' | 'take_profit_price'>

/** `It holds 2 positions worth $1,020.00 (+$4.00 open P&L).` */
export function holdingWords(positions: readonly PositionOut[]): string {
  if (positions.length === 0) return 'It holds nothing now.'
  const value = positions.reduce((sum, { quantity, current_price: price }) => sum + Math.abs(Number(quantity)) * Number(price), 0)
  const open = positions.reduce((sum, { unrealized_pnl: pnl }) => sum + Number(pnl), 0)
  return `It holds ${count(positions.length, 'position')} worth ${dollars(value)} (${signedDollars(open)} open P&L).`
}

/** What becomes of kept positions; of a bot that holds nothing yet, what would, by its settings. */
export function keepingWords(positions: readonly Guarded[], risk: BotOut['risk_management']): string {
  const given = (prices: (number | string | null)[]) => prices.some((price) => price !== null)
  const stop = positions.length > 0
    ? given(positions.map(({ stop_loss_price: price }) => price))
    : given([risk.stop_loss_percent, risk.stop_loss_atr, risk.stop_loss_price, risk.trailing_stop_percent])
  const target = positions.length > 0
    ? given(positions.map(({ take_profit_price: price }) => price))
    : given([risk.take_profit_percent, risk.take_profit_risk])
  if (!stop && !target) return 'They have no stop and no target: nothing closes them until you do.'
  const guards = stop && target ? 'stops and targets stay' : stop ? 'stops stay' : 'targets stay'
  return `Their ${guards} in place and still close them.`
}
