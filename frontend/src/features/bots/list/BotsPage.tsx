import Button from '@mui/material/Button'
import Paper from '@mui/material/Paper'
import Typography from '@mui/material/Typography'
import { Link } from 'react-router'
import { money, NOTHING } from '@/shared/format/numbers'
import { paths } from '@/shared/paths'
import { BotName } from '@/shared/trading/BotName'
import { totalPnl, useBotRows, type BotRow } from '@/shared/trading/bot-rows'
import { TIMEFRAMES } from '@/shared/trading/timeframes'
import { DataTable, type Column } from '@/shared/ui/DataTable'
import { AddIcon } from '@/shared/ui/icons'
import { Page } from '@/shared/ui/Page'
import { Pnl } from '@/shared/ui/Pnl'
import { EmptyState, ErrorState, LoadingRows } from '@/shared/ui/states'
import { StatusChip } from '@/shared/ui/StatusChip'
import { BotActions } from '../BotActions'

const COLUMNS: Column<BotRow>[] = [
  { id: 'name', header: 'Name', names: true, stretches: true, cell: ({ bot }) => <Name bot={bot} /> },
  { id: 'status', header: 'State', cell: ({ bot }) => <StatusChip bot={bot} /> },
  { id: 'symbols', header: 'Symbols', from: 'md', cell: ({ bot }) => symbolsWords(bot.symbols) },
  { id: 'timeframe', header: 'Timeframe', from: 'md', cell: ({ bot }) => TIMEFRAMES[bot.timeframe] },
  { id: 'equity', header: 'Equity', numeric: true, from: 'sm', cell: ({ figures }) => (figures ? money(figures.equity) : NOTHING) },
  { id: 'pnl', header: 'P&L', numeric: true, cell: ({ figures }) => (figures ? <Pnl value={totalPnl(figures)} /> : NOTHING) },
  { id: 'positions', header: 'Positions', numeric: true, from: 'sm', cell: ({ figures }) => figures?.open_positions ?? NOTHING },
  { id: 'trades', header: 'Trades', numeric: true, from: 'md', cell: ({ figures }) => figures?.trades ?? NOTHING },
  { id: 'actions', header: 'Actions', numeric: true, from: 'sm', cell: ({ bot }) => <BotActions bot={bot} inRow /> },
]

/** Every bot, with what it does and what it made. */
export function BotsPage() {
  const { rows, error, refetch } = useBotRows()
  return (
    <Page title="Bots" actions={rows && rows.length > 0 && <NewBotButton />}>
      <Paper>
        {rows ? (
          rows.length > 0 ? <DataTable label="Bots" columns={COLUMNS} rows={rows} rowId={({ bot }) => bot.id} /> : <NoBots />
        ) : error ? (
          <ErrorState error={error} onRetry={() => void refetch()} />
        ) : (
          <LoadingRows rows={6} />
        )}
      </Paper>
    </Page>
  )
}

function NewBotButton() {
  return (
    <Button variant="contained" component={Link} to={paths.newBot} startIcon={<AddIcon />}>
      New bot
    </Button>
  )
}

function NoBots() {
  return (
    <EmptyState title="No bots yet" action={<NewBotButton />}>
      A bot watches the symbols you choose, and at the end of each bar checks your rules: one says when to buy, one when to
      sell. Stop-loss, take-profit and a daily limit keep it within bounds. Start from a template and change what you like.
    </EmptyState>
  )
}

function Name({ bot }: Pick<BotRow, 'bot'>) {
  return (
    <>
      <BotName id={bot.id} name={bot.name} />
      {(bot.definition_error ?? bot.status_reason) && (
        <Typography variant="caption" component="p" sx={{ color: 'status.error', whiteSpace: 'normal' }}>
          {bot.definition_error ?? bot.status_reason}
        </Typography>
      )}
    </>
  )
}

function symbolsWords(symbols: readonly string[]): string {
  return symbols.length <= 4 ? symbols.join(', ') : `${symbols.slice(0, 3).join(', ')} and ${symbols.length - 3} more`
}
