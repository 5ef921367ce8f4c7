import Box from '@mui/material/Box'
import Typography from '@mui/material/Typography'
import type { ReactNode } from 'react'
import type { Preview } from '@/api'
import { NOTHING, plain, signedPercent } from '@/shared/format/numbers'
import { Pnl } from '@/shared/ui/Pnl'

/** The key figures of a test; each with how far it can be trusted. */
export function Figures({ result: { metrics, confidence } }: { result: Preview }) {
  const { returns, drawdown, trades, activity, benchmark } = metrics
  return (
    <Box component="dl" aria-label="Key figures of the test" sx={GRID}>
      <Figure name="Return" note={benchmark && `holding: ${percent(benchmark.total_return)}`}>
        <Pnl value={returns.total_return * 100} unit="percent" />
      </Figure>
      <Figure name="Max drawdown" note={range(confidence.max_drawdown, share)}>{share(drawdown.max_drawdown)}</Figure>
      <Figure name="Sharpe" note={range(confidence.sharpe, two)}>{two(returns.sharpe)}</Figure>
      <Figure name="Trades" note={`in the market ${share(activity.time_in_market)}`}>{trades.trades}</Figure>
      <Figure name="Win rate" note={range(confidence.win_rate, share)}>{share(trades.win_rate)}</Figure>
      <Figure name="Profit factor" note={range(confidence.profit_factor, two)}>{two(trades.profit_factor)}</Figure>
    </Box>
  )
}

function Figure({ name, note, children }: { name: string; note?: ReactNode; children: ReactNode }) {
  return (
    <Box sx={{ minWidth: 0 }}>
      <Typography component="dt" variant="caption" sx={{ color: 'text.secondary', fontWeight: 600 }}>{name}</Typography>
      <Typography component="dd" sx={{ m: 0, fontSize: '1.125rem', fontWeight: 650, lineHeight: 1.3 }}>{children}</Typography>
      <Typography component="dd" variant="caption" sx={{ m: 0, color: 'text.secondary', display: 'block', minHeight: '1.4em' }}>{note}</Typography>
    </Box>
  )
}

interface Interval {
  lower: number
  upper: number | null
}

const two = (value: number | null): string => (value === null ? NOTHING : plain(Math.round(value * 100) / 100))
const share = (value: number | null): string => (value === null ? NOTHING : `${plain(Math.round(value * 1000) / 10)}%`)
const percent = (value: number): string => signedPercent(value * 100)

/** The bootstrap interval as `0.4 to 1.9`. */
function range(interval: Interval | null, words: (value: number) => string): string {
  if (interval === null) return ''
  return interval.upper === null ? `at least ${words(interval.lower)}` : `${words(interval.lower)} to ${words(interval.upper)}`
}

const GRID = { m: 0, display: 'grid', gap: 2, gridTemplateColumns: 'repeat(3, minmax(0, 1fr))' } as const
