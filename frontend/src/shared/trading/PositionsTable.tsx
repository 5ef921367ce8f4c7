import type { PositionOut } from '@/api'
import { NOTHING, price, quantity, signedPercent } from '../format/numbers'
import { DataTable, type Column } from '../ui/DataTable'
import { OnPhone } from '../ui/OnPhone'
import { Pnl } from '../ui/Pnl'
import { BotName } from './BotName'
import { distancePercent } from './distance'

const SYMBOL: Column<PositionOut> = { id: 'symbol', header: 'Symbol', names: true, cell: (position) => <b>{position.symbol}</b> }
const SYMBOL_AND_BOT: Column<PositionOut> = {
  ...SYMBOL,
  stretchesOnPhone: true,
  cell: (position) => (
    <>
      <b>{position.symbol}</b>
      <OnPhone block>
        <BotName id={position.bot_id} name={position.bot_name} variant="caption" />
      </OnPhone>
    </>
  ),
}
const BOT: Column<PositionOut> = {
  id: 'bot',
  header: 'Bot',
  from: 'sm',
  stretches: true,
  cell: (position) => <BotName id={position.bot_id} name={position.bot_name} />,
}
const FIGURES: Column<PositionOut>[] = [
  { id: 'quantity', header: 'Quantity', numeric: true, cell: (position) => quantity(position.quantity) },
  { id: 'entry', header: 'Entry', numeric: true, from: 'sm', cell: (position) => price(position.entry_price) },
  { id: 'price', header: 'Price', numeric: true, cell: (position) => price(position.current_price) },
  { id: 'pnl', header: 'P&L', numeric: true, cell: (position) => <Pnl value={position.unrealized_pnl} /> },
  { id: 'stop', header: 'To stop', numeric: true, from: 'sm', cell: (position) => away(position, position.stop_loss_price) },
  { id: 'target', header: 'To target', numeric: true, from: 'sm', cell: (position) => away(position, position.take_profit_price) },
]

const EVERY_BOT = [SYMBOL_AND_BOT, BOT, ...FIGURES]
const ONE_BOT = [SYMBOL, ...FIGURES]

interface Props {
  label: string
  positions: readonly PositionOut[]
  of: 'every-bot' | 'one-bot'
}

/** Open positions with their P&L and how far the price is from stop and target. */
export function PositionsTable({ label, positions, of }: Props) {
  return <DataTable label={label} columns={of === 'every-bot' ? EVERY_BOT : ONE_BOT} rows={positions} rowId={(position) => position.id} />
}

function away(position: PositionOut, level: string | null) {
  if (level === null) return NOTHING
  return <span title={`At ${price(level)}`}>{signedPercent(distancePercent(position.current_price, level))}</span>
}
