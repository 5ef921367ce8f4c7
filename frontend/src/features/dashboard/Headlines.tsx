import Box from '@mui/material/Box'
import Paper from '@mui/material/Paper'
import Skeleton from '@mui/material/Skeleton'
import Typography from '@mui/material/Typography'
import type { ReactNode } from 'react'
import type { SummaryOut } from '@/api'
import { count, dollars } from '@/shared/format/numbers'
import { useSummary } from '@/shared/market/summary'
import { Pnl } from '@/shared/ui/Pnl'
import { ErrorState } from '@/shared/ui/states'

/** The four numbers of the day. */
export function Headlines() {
  const { data, error, refetch } = useSummary()
  if (!data && error) return <ErrorState error={error} onRetry={() => void refetch()} />
  return (
    <Paper component="dl" aria-label="Key figures" sx={ROW}>
      <Figure name="Equity" note={data && `Cash ${dollars(data.account.cash)}`}>
        {data && dollars(data.account.equity)}
      </Figure>
      <Figure name="P&L today" note={data && dayNote(data)}>
        {data && <Pnl value={data.account.day_pnl} unit="dollars" />}
      </Figure>
      <Figure name="Running bots" note={data && botsNote(data)}>
        {data && `${data.bots_running} of ${data.bots_total}`}
      </Figure>
      <Figure name="Open positions" note={data && `${count(data.trades_today, 'trade')} today`}>
        {data?.open_positions}
      </Figure>
    </Paper>
  )
}

function Figure({ name, note, children }: { name: string; note?: ReactNode; children: ReactNode }) {
  return (
    <Box sx={{ px: { xs: 3, sm: 4 }, py: 2.5, minWidth: 0 }}>
      <Typography component="dt" variant="caption" sx={{ color: 'text.secondary', fontWeight: 600 }}>
        {name}
      </Typography>
      <Typography component="dd" sx={{ m: 0, fontSize: { xs: '1.125rem', sm: '1.5rem' }, fontWeight: 650, letterSpacing: '-0.02em', lineHeight: 1.35 }}>
        {children ?? <Skeleton width="70%" />}
      </Typography>
      <Typography component="dd" variant="caption" sx={{ m: 0, color: 'text.secondary', display: 'block', minHeight: '1.4em' }}>
        {note}
      </Typography>
    </Box>
  )
}

function dayNote({ account }: SummaryOut): ReactNode {
  if (account.equity === null || account.day_pnl === null) return 'Waiting for the broker'
  const before = Number(account.equity) - Number(account.day_pnl)
  return before > 0 ? <Pnl value={(Number(account.day_pnl) / before) * 100} unit="percent" /> : ''
}

function botsNote({ bots_in_error: failed }: SummaryOut): ReactNode {
  if (failed === 0) return 'None needs attention'
  return <Box component="span" sx={{ color: 'status.error', fontWeight: 600 }}>{failed} in error</Box>
}

const ROW = {
  m: 0,
  display: 'grid',
  gridTemplateColumns: { xs: 'repeat(2, minmax(0, 1fr))', sm: 'repeat(4, minmax(0, 1fr))' },
  '& > *': { borderStyle: 'solid', borderColor: 'divider', borderWidth: 0 },
  '& > * + *': { borderLeftWidth: 1 },
  '& > :nth-of-type(3)': { borderLeftWidth: { xs: 0, sm: 1 } },
  '& > :nth-of-type(n + 3)': { borderTopWidth: { xs: 1, sm: 0 } },
} as const
