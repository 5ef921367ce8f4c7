import Button from '@mui/material/Button'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { listPositionsOptions, type BotOut } from '@/api'
import { PositionsTable } from '@/shared/trading/PositionsTable'
import { Panel } from '@/shared/ui/Panel'
import { EmptyState, ErrorState, LoadingRows } from '@/shared/ui/states'
import { isAtRest } from '../lifecycle'
import { SellDialog } from '../SellDialog'

/** What the bot holds now; what a stopped one kept can be sold from here. */
export function PositionsPanel({ bot }: { bot: BotOut }) {
  const { data, error, refetch } = useQuery(listPositionsOptions({ query: { bot_id: bot.id, is_open: true, limit: 100 } }))
  const [asking, setAsking] = useState(false)
  const kept = isAtRest(bot) && data && data.items.length > 0 ? data.items : null
  return (
    <Panel
      title="Open positions"
      flush
      aside={kept && <Button color="error" onClick={() => setAsking(true)}>Sell everything</Button>}
    >
      {kept && asking && <SellDialog bot={bot} positions={kept} onClose={() => setAsking(false)} />}
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
