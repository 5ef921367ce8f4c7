import { useQuery } from '@tanstack/react-query'
import { listPositionsOptions, type BotOut } from '@/api'
import { PositionsTable } from '@/shared/trading/PositionsTable'
import { Panel } from '@/shared/ui/Panel'
import { EmptyState, ErrorState, LoadingRows } from '@/shared/ui/states'

/** What the bot holds now. */
export function PositionsPanel({ bot }: { bot: BotOut }) {
  const { data, error, refetch } = useQuery(listPositionsOptions({ query: { bot_id: bot.id, is_open: true, limit: 100 } }))
  return (
    <Panel title="Open positions" flush>
      {data ? (
        data.items.length > 0 ? (
          <PositionsTable label="Open positions" positions={data.items} of="one-bot" />
        ) : (
          <EmptyState title="This bot holds nothing" />
        )
      ) : error ? (
        <ErrorState error={error} onRetry={() => void refetch()} />
      ) : (
        <LoadingRows rows={2} />
      )}
    </Panel>
  )
}
