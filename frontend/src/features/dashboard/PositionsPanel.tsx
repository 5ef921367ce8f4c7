import { useQuery } from '@tanstack/react-query'
import { listPositionsOptions } from '@/api'
import { PositionsTable } from '@/shared/trading/PositionsTable'
import { Panel } from '@/shared/ui/Panel'
import { EmptyState, ErrorState, LoadingRows } from '@/shared/ui/states'

/** What the bots hold now. */
export function PositionsPanel() {
  const { data, error, refetch } = useQuery(listPositionsOptions({ query: { is_open: true, limit: 100 } }))
  return (
    <Panel title="Open positions" flush>
      {data ? (
        data.items.length > 0 ? (
          <PositionsTable label="Open positions" positions={data.items} of="every-bot" />
        ) : (
          <EmptyState title="Nothing is held">Positions appear here with their profit or loss and the distance to stop and target.</EmptyState>
        )
      ) : error ? (
        <ErrorState error={error} onRetry={() => void refetch()} />
      ) : (
        <LoadingRows />
      )}
    </Panel>
  )
}
