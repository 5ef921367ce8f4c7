import { useQuery } from '@tanstack/react-query'
import { listTradesOptions, type BotOut } from '@/api'
import { TradesTable } from '@/shared/trading/TradesTable'
import { Panel } from '@/shared/ui/Panel'
import { EmptyState, ErrorState, LoadingRows } from '@/shared/ui/states'

/** What the bot did, newest first. */
export function TradesPanel({ bot }: { bot: BotOut }) {
  const { data, error, refetch } = useQuery(listTradesOptions({ query: { bot_id: bot.id, limit: 100 } }))
  return (
    <Panel title="Trades" flush>
      {data ? (
        data.items.length > 0 ? (
          <TradesTable label="Trades" trades={data.items} of="one-bot" maxHeight={460} />
        ) : (
          <EmptyState title="No trades yet">
            {bot.desired_status === 'running' ? 'It waits for its entry rule to hold; its decisions say what it sees.' : 'Start it to see it trade.'}
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
