import Box from '@mui/material/Box'
import Typography from '@mui/material/Typography'
import type { AccountSummary, MarketSummary } from '@/api'
import { AlertsButton } from '@/features/control/AlertsButton'
import { KillSwitchButton } from '@/features/control/KillSwitchButton'
import { useNow } from '@/realtime'
import { age, marketDay, marketSeconds, marketTime } from '@/shared/format/time'
import { marketNow } from '@/shared/market/clock'
import { useFreshness, type Freshness } from '@/shared/market/freshness'
import { useSummary } from '@/shared/market/summary'
import { DotIcon, OfflineIcon, WaitIcon, WarningIcon } from '@/shared/ui/icons'
import { SchemeToggle } from './SchemeToggle'

/** Always visible: which account, the market's clock, and how fresh the page is. */
export function HeaderStrip() {
  const { data: summary, dataUpdatedAt } = useSummary()
  const freshness = useFreshness()
  return (
    <Box component="header" sx={STRIP}>
      {summary && <AccountBadge kind={summary.account.kind} />}
      {summary && <MarketClock market={summary.market} receivedAt={dataUpdatedAt} stale={freshness.stale} />}
      <Box sx={{ flexGrow: 1 }} />
      <ConnectionState freshness={freshness} />
      <AlertsButton />
      <KillSwitchButton />
      <SchemeToggle />
    </Box>
  )
}

const BADGES = {
  practice: { text: 'Practice', color: 'account.practice' },
  alpaca_paper: { text: 'Paper', color: 'account.paper' },
  alpaca_live: { text: 'LIVE · real money', color: 'account.live' },
} as const

function AccountBadge({ kind }: { kind: AccountSummary['kind'] }) {
  const { text, color } = BADGES[kind]
  return (
    <Box
      component="span"
      title={kind === 'alpaca_live' ? 'This account trades real money' : 'No real money is traded'}
      sx={{ bgcolor: color, color: 'account.onBadge', px: 2, borderRadius: 1, fontSize: '0.6875rem', fontWeight: 700, lineHeight: '20px', letterSpacing: '0.06em', textTransform: 'uppercase' }}
    >
      {text}
    </Box>
  )
}

interface ClockProps {
  market: MarketSummary
  receivedAt: number
  stale: boolean
}

function MarketClock({ market, receivedAt, stale }: ClockProps) {
  const now = useNow()
  const moment = marketNow(market, receivedAt, stale ? receivedAt : now)
  const state = market.is_open ? 'open' : 'closed'
  if (moment === null) return <Typography variant="caption">Market time unknown</Typography>
  const time = market.rate >= 10 ? marketTime(moment) : marketSeconds(moment)
  return (
    <Typography variant="caption" component="div" role="group" aria-label="Market clock" sx={{ display: 'flex', flexWrap: 'wrap', columnGap: 2, alignItems: 'baseline' }}>
      <Box component="span" sx={{ fontWeight: 650, color: market.is_open && !stale ? 'status.running' : 'text.secondary' }}>
        <Box component="span" sx={WIDE}>Market {state}</Box>
        <Box component="span" sx={NARROW}>{state === 'open' ? 'Open' : 'Closed'}</Box>
      </Box>
      <span>
        <Box component="span" sx={WIDE}>{marketDay(moment)}, </Box>
        {time} <abbr title="New York time">NY</abbr>
      </span>
      {market.rate !== 1 && (
        <Box component="span" title={`${market.rate} market seconds pass in one second`} sx={WIDE}>{market.rate}×</Box>
      )}
    </Typography>
  )
}

const ICONS: Record<Freshness['word'], typeof DotIcon> = {
  Live: DotIcon,
  Connecting: WaitIcon,
  Disconnected: OfflineIcon,
  Silent: WarningIcon,
  'Engine down': WarningIcon,
  'No market data': WarningIcon,
}

function ConnectionState({ freshness: { word, stale, silence } }: { freshness: Freshness }) {
  const Icon = ICONS[word]
  const color = stale ? 'status.error' : word === 'Live' ? 'status.running' : 'status.changing'
  return (
    <Typography variant="caption" component="div" role="group" aria-label="Connection" sx={{ display: 'flex', alignItems: 'center', gap: 1.5, color, fontWeight: 600, whiteSpace: 'nowrap' }}>
      <Icon sx={{ fontSize: word === 'Live' ? 10 : 16 }} />
      {word}
      {silence !== null && (
        <Box component="span" title="Age of the newest message" sx={{ color: 'text.secondary', fontWeight: 400, minWidth: '3.5ch', textAlign: 'right' }}>
          {age(silence)}
        </Box>
      )}
    </Typography>
  )
}

/** Words for a phone, and those it has no room for. */
const NARROW = { display: { xs: 'inline', sm: 'none' } } as const
const WIDE = { display: { xs: 'none', sm: 'inline' } } as const

const STRIP = {
  position: 'sticky',
  top: 0,
  zIndex: 'appBar',
  display: 'flex',
  flexWrap: 'wrap',
  alignItems: 'center',
  columnGap: { xs: 2, sm: 3 },
  rowGap: 1,
  minHeight: 52,
  px: { xs: 3, sm: 5 },
  py: 1,
  borderBottom: 1,
  borderColor: 'divider',
  bgcolor: 'background.paper',
  '& abbr': { textDecoration: 'none' },
} as const
