import Box from '@mui/material/Box'
import Typography from '@mui/material/Typography'
import { useQuery } from '@tanstack/react-query'
import { listDecisionsOptions, type BotOut, type DecisionOut } from '@/api'
import { plain } from '@/shared/format/numbers'
import { marketStamp, marketTime } from '@/shared/format/time'
import { Panel } from '@/shared/ui/Panel'
import { EmptyState, ErrorState, LoadingRows } from '@/shared/ui/states'

/** Decisions do not come over the socket: a running bot's are asked for every few seconds. */
const REFETCH_MS = 3000

interface Props {
  bot: BotOut
  symbol: string
}

/** What the bot decided at each bar of the symbol, and why. */
export function DecisionsPanel({ bot, symbol }: Props) {
  const { data, error, refetch } = useQuery({
    ...listDecisionsOptions({ path: { bot_id: bot.id }, query: { symbol, limit: 50 } }),
    refetchInterval: bot.desired_status === 'running' ? REFETCH_MS : false,
  })
  return (
    <Panel title={`Decisions on ${symbol}`} flush>
      {data ? (
        data.items.length > 0 ? (
          <Box role="region" aria-label="Decisions, scrollable" tabIndex={0} sx={{ maxHeight: 520, overflowY: 'auto' }}>
            <Box component="ul" aria-label="Decisions" sx={LIST}>
              {data.items.map((decision) => (
                <Decision key={decision.id} decision={decision} />
              ))}
            </Box>
          </Box>
        ) : (
          <EmptyState title="No decisions yet">At the end of each bar the bot checks its rules; what it saw and why it acted or not stands here.</EmptyState>
        )
      ) : error ? (
        <ErrorState error={error} onRetry={() => void refetch()} />
      ) : (
        <LoadingRows />
      )}
    </Panel>
  )
}

const OUTCOMES = {
  none: { word: 'Nothing', color: 'text.secondary' },
  enter: { word: 'Buy', color: 'trade.buy' },
  exit: { word: 'Sell', color: 'trade.sell' },
  refused: { word: 'Refused', color: 'status.changing' },
} as const

function Decision({ decision }: { decision: DecisionOut }) {
  const { word, color } = OUTCOMES[decision.outcome]
  return (
    <Box component="li" sx={{ px: 3, py: 2, borderTop: 1, borderColor: 'divider', '&:first-of-type': { borderTop: 0 } }}>
      <Box sx={{ display: 'flex', gap: 2, alignItems: 'baseline' }}>
        <Typography variant="body2" sx={{ fontWeight: 650, color }}>{word}</Typography>
        <Typography variant="caption" sx={{ color: 'text.secondary', ml: 'auto', whiteSpace: 'nowrap' }}>{span(decision)}</Typography>
      </Box>
      <Typography variant="body2">{decision.sentence}</Typography>
      {decision.conditions.map((condition, index) => (
        <Typography key={index} variant="caption" component="p" sx={{ color: 'text.secondary' }}>
          <Box component="span" aria-hidden sx={{ color: condition.holds ? 'pnl.up' : 'pnl.down', fontWeight: 700 }}>
            {condition.holds ? '✓' : '✗'}
          </Box>{' '}
          {condition.sentence}: {condition.holds ? 'true' : condition.known ? 'false' : 'not known yet'} ({seen(condition)})
        </Typography>
      ))}
      {Object.keys(decision.numbers).length > 0 && (
        <Typography variant="caption" component="p" sx={{ color: 'text.secondary' }}>
          {Object.entries(decision.numbers).map(([name, value]) => `${name.replaceAll('_', ' ')} ${plain(value)}`).join(' · ')}
        </Typography>
      )}
    </Box>
  )
}

/** What a condition looked at; older decisions kept the two sides of a comparison only. */
function seen({ values, left, right }: DecisionOut['conditions'][number]): string {
  if (values.length === 0) return `${plain(left)} and ${plain(right)}`
  const measured = values.filter(({ name, value }) => name.replace('%', '') !== plain(value))
  return measured.map(({ name, value }) => `${name} ${plain(value)}`).join(', ')
}

/** When: one bar, or a run of bars that all gave the same. */
function span({ first_tau: first, last_tau: last, count }: DecisionOut): string {
  return count === 1 ? marketStamp(last) : `${marketStamp(first)} – ${marketTime(last)}, ${count} bars`
}

const LIST = { m: 0, p: 0, listStyle: 'none' } as const
