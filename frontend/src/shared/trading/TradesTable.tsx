import Box from '@mui/material/Box'
import { useState } from 'react'
import type { TradeOut } from '@/api'
import { price, quantity } from '../format/numbers'
import { marketStamp, marketTime } from '../format/time'
import { DataTable, type Column } from '../ui/DataTable'
import { OnPhone } from '../ui/OnPhone'
import { Pnl } from '../ui/Pnl'
import { BotName } from './BotName'

const PURPOSES = {
  entry: 'Entry',
  exit: 'Exit rule',
  flatten: 'Flatten',
  stop_loss: 'Stop-loss',
  take_profit: 'Take-profit',
} as const

/** Buy or sell, in word and colour. */
export function Side({ side }: { side: TradeOut['type'] }) {
  return (
    <Box component="span" sx={{ color: `trade.${side}`, fontWeight: 600 }}>
      {side === 'buy' ? 'Buy' : 'Sell'}
    </Box>
  )
}

const TIME: Column<TradeOut> = {
  id: 'time',
  header: 'Time (NY)',
  cell: (trade) => (
    <Box component="time" dateTime={trade.timestamp} title={marketStamp(trade.timestamp)} sx={{ whiteSpace: 'nowrap' }}>
      {marketTime(trade.timestamp)}
    </Box>
  ),
}
const BOT: Column<TradeOut> = {
  id: 'bot',
  header: 'Bot',
  from: 'sm',
  stretches: true,
  cell: (trade) => <BotName id={trade.bot_id} name={trade.bot_name} />,
}
const SYMBOL: Column<TradeOut> = { id: 'symbol', header: 'Symbol', names: true, cell: (trade) => <b>{trade.symbol}</b> }
const SYMBOL_AND_BOT: Column<TradeOut> = {
  ...SYMBOL,
  stretchesOnPhone: true,
  cell: (trade) => (
    <>
      <b>{trade.symbol}</b>
      <OnPhone block>
        <BotName id={trade.bot_id} name={trade.bot_name} variant="caption" />
      </OnPhone>
    </>
  ),
}
const REST: Column<TradeOut>[] = [
  {
    id: 'side',
    header: 'Side',
    cell: (trade) => (
      <Box component="span" sx={{ whiteSpace: 'nowrap' }}>
        <Side side={trade.type} /> <OnPhone>{quantity(trade.quantity)}</OnPhone>
        <OnPhone block>at {price(trade.price)}</OnPhone>
      </Box>
    ),
  },
  { id: 'quantity', header: 'Quantity', numeric: true, from: 'sm', cell: (trade) => quantity(trade.quantity) },
  { id: 'price', header: 'Price', numeric: true, from: 'sm', cell: (trade) => price(trade.price) },
  {
    id: 'pnl',
    header: 'P&L',
    numeric: true,
    cell: (trade) => (trade.profit_loss === null ? <Muted>opens</Muted> : <Pnl value={trade.profit_loss} />),
  },
]
const WHY: Column<TradeOut> = { id: 'purpose', header: 'Why', from: 'sm', cell: (trade) => PURPOSES[trade.purpose] }

const EVERY_BOT = [TIME, BOT, SYMBOL_AND_BOT, ...REST]
const ONE_BOT = [{ ...TIME, cell: (trade: TradeOut) => <NoWrap>{marketStamp(trade.timestamp)}</NoWrap> }, SYMBOL, ...REST, WHY]

interface Props {
  label: string
  trades: readonly TradeOut[]
  /** Whose trades: of every bot (with its name), or of one (with the reason). */
  of: 'every-bot' | 'one-bot'
  maxHeight?: number
}

/** Trades, newest first; those that arrive while it is shown fade in. */
export function TradesTable({ label, trades, of, maxHeight }: Props) {
  const [first] = useState(() => new Set(trades.map((trade) => trade.id)))
  return (
    <DataTable
      label={label}
      columns={of === 'every-bot' ? EVERY_BOT : ONE_BOT}
      rows={trades}
      rowId={(trade) => trade.id}
      fresh={(trade) => !first.has(trade.id)}
      maxHeight={maxHeight}
    />
  )
}

function NoWrap({ children }: { children: string }) {
  return <Box component="span" sx={{ whiteSpace: 'nowrap' }}>{children}</Box>
}

function Muted({ children }: { children: string }) {
  return <Box component="span" sx={{ color: 'text.secondary' }}>{children}</Box>
}
