import { useQuery } from '@tanstack/react-query'
import Typography from '@mui/material/Typography'
import { listTradesOptions } from '@/api'
import { TradesTable } from '@/shared/trading/TradesTable'
import { Panel } from '@/shared/ui/Panel'
import { EmptyState, ErrorState, LoadingRows } from '@/shared/ui/states'

/** Trades as they happen, newest first. */
export function LiveTrades() {
  const { data, error, refetch } = useQuery(listTradesOptions({ query: { limit: 50 } }))
  return (
    <Panel title="Live trades" flush aside={<Typography variant="caption" sx={{ color: 'text.secondary' }}>Newest first, USD</Typography>}>
      {data ? (
        data.items.length > 0 ? (
          <TradesTable label="Live trades" trades={data.items} of="every-bot" maxHeight={420} />
        ) : (
          <EmptyState title="No trades yet">
            When a running bot’s entry rule holds at the end of a bar, it buys; the trade appears here in the same moment.
          </EmptyState>
        )
      ) : error ? (
        <ErrorState error={error} onRetry={() => void refetch()} />
      ) : (
        <LoadingRows rows={6} />
      )}
    </Panel>
  )
}
