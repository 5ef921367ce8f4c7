import Typography from '@mui/material/Typography'
import type { BacktestTrade, Preview } from '@/api'
import { count, price, quantity } from '@/shared/format/numbers'
import { marketStamp } from '@/shared/format/time'
import { exitWords } from '@/shared/trading/reasons'
import { DataTable, type Column } from '@/shared/ui/DataTable'
import { Pnl } from '@/shared/ui/Pnl'
import { EmptyState } from '@/shared/ui/states'

const SHOWN = 200

const COLUMNS: Column<BacktestTrade>[] = [
  { id: 'in', header: 'Entered (NY)', cell: (trade) => marketStamp(trade.entry_time) },
  { id: 'symbol', header: 'Symbol', names: true, cell: (trade) => <b>{trade.symbol}</b> },
  { id: 'quantity', header: 'Quantity', numeric: true, from: 'sm', cell: (trade) => `${trade.side === 'short' ? '\u2212' : ''}${quantity(trade.quantity)}` },
  { id: 'prices', header: 'In → out', numeric: true, from: 'sm', cell: (trade) => `${price(trade.entry_price)} → ${price(trade.exit_price)}` },
  { id: 'pnl', header: 'P&L', numeric: true, cell: (trade) => <Pnl value={trade.profit} /> },
  { id: 'why', header: 'Left by', from: 'sm', cell: exitWords },
]

/** The test's trades, newest first, with how they ended. */
export function PreviewTrades({ result: { trades, trades_total: total, refusals } }: { result: Preview }) {
  if (trades.length === 0) {
    const [first] = [...refusals].sort((a, b) => b.count - a.count)
    return (
      <EmptyState title="Not one trade">
        {first ? `Most entries were refused: ${first.sentence}` : 'The entry rule was never true on these days. Loosen it, or test more days.'}
      </EmptyState>
    )
  }
  const newest = trades.slice(-SHOWN).reverse()
  return (
    <>
      <DataTable label="Trades of the test" columns={COLUMNS} rows={newest} rowId={(trade) => `${trade.symbol} ${trade.entry_time} ${trade.exit_time}`} maxHeight={300} />
      {total > newest.length && (
        <Typography variant="caption" sx={{ color: 'text.secondary' }}>The newest {newest.length} of {count(total, 'trade')}.</Typography>
      )}
    </>
  )
}
