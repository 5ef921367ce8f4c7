import Button from '@mui/material/Button'
import { Link } from 'react-router'
import { money, NOTHING } from '@/shared/format/numbers'
import { paths } from '@/shared/paths'
import { BotName } from '@/shared/trading/BotName'
import { totalPnl, useBotRows, type BotRow } from '@/shared/trading/bot-rows'
import { DataTable, type Column } from '@/shared/ui/DataTable'
import { Panel } from '@/shared/ui/Panel'
import { Pnl } from '@/shared/ui/Pnl'
import { RouterLink } from '@/shared/ui/RouterLink'
import { EmptyState, ErrorState, LoadingRows } from '@/shared/ui/states'
import { StatusChip } from '@/shared/ui/StatusChip'

const COLUMNS: Column<BotRow>[] = [
  { id: 'name', header: 'Bot', names: true, stretches: true, cell: ({ bot }) => <BotName id={bot.id} name={bot.name} /> },
  { id: 'status', header: 'State', cell: ({ bot }) => <StatusChip bot={bot} /> },
  { id: 'equity', header: 'Equity', numeric: true, from: 'sm', cell: ({ figures }) => (figures ? money(figures.equity) : NOTHING) },
  { id: 'day', header: 'P&L today', numeric: true, cell: ({ figures }) => (figures ? <Pnl value={figures.day_pnl} /> : NOTHING) },
  { id: 'total', header: 'P&L in all', numeric: true, from: 'sm', cell: ({ figures }) => (figures ? <Pnl value={totalPnl(figures)} /> : NOTHING) },
]

/** Every bot with its state and result. */
export function BotsPanel() {
  const { rows, error, refetch } = useBotRows()
  return (
    <Panel title="Bots" flush aside={<RouterLink to={paths.bots} variant="body2">All bots</RouterLink>}>
      {rows ? (
        rows.length > 0 ? (
          <DataTable label="Bots" columns={COLUMNS} rows={rows} rowId={({ bot }) => bot.id} maxHeight={420} />
        ) : (
          <EmptyState title="No bots yet" action={<Button variant="outlined" component={Link} to={paths.newBot}>Create your first bot</Button>}>
            A bot watches a few symbols and buys and sells by the rules you give it.
          </EmptyState>
        )
      ) : error ? (
        <ErrorState error={error} onRetry={() => void refetch()} />
      ) : (
        <LoadingRows />
      )}
    </Panel>
  )
}
