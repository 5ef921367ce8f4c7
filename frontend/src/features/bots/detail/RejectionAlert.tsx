import Alert from '@mui/material/Alert'
import { useQuery } from '@tanstack/react-query'
import { listOrdersOptions, type BotOut } from '@/api'
import { marketStamp } from '@/shared/format/time'

/** Orders do not come over the socket yet: a running bot's are asked for now and then. */
const REFETCH_MS = 5000

/** Says so when the broker refused the bot's newest order: a decision to buy is not yet a purchase. */
export function RejectionAlert({ bot }: { bot: BotOut }) {
  const { data } = useQuery({
    ...listOrdersOptions({ query: { bot_id: bot.id, limit: 1 } }),
    refetchInterval: bot.desired_status === 'running' ? REFETCH_MS : false,
  })
  const newest = data?.items[0]
  if (newest?.status !== 'rejected') return null
  return (
    <Alert severity="warning">
      The broker refused the newest order, {newest.side} {newest.quantity} {newest.symbol} ({marketStamp(newest.tau)}): {newest.reason ?? 'it gave no reason'}
    </Alert>
  )
}
