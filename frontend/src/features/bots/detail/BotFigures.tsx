import Box from '@mui/material/Box'
import Paper from '@mui/material/Paper'
import Typography from '@mui/material/Typography'
import type { ReactNode } from 'react'
import type { BotOut } from '@/api'
import { dollars, NOTHING } from '@/shared/format/numbers'
import { useSummary } from '@/shared/market/summary'
import { totalPnl } from '@/shared/trading/bot-rows'
import { Pnl } from '@/shared/ui/Pnl'

/** The bot's own ledger in numbers. */
export function BotFigures({ bot }: { bot: BotOut }) {
  const { data } = useSummary()
  const figures = data?.bots.find(({ bot_id: id }) => id === bot.id)
  return (
    <Paper component="dl" aria-label="Key figures" sx={ROW}>
      <Figure name="Equity">{figures ? dollars(figures.equity) : NOTHING}</Figure>
      <Figure name="P&L today">{figures ? <Pnl value={figures.day_pnl} unit="dollars" /> : NOTHING}</Figure>
      <Figure name="P&L in all">{figures ? <Pnl value={totalPnl(figures)} unit="dollars" /> : NOTHING}</Figure>
      <Figure name="Cash">{figures ? dollars(figures.cash) : NOTHING}</Figure>
    </Paper>
  )
}

function Figure({ name, children }: { name: string; children: ReactNode }) {
  return (
    <Box sx={{ px: { xs: 3, sm: 4 }, py: 2 }}>
      <Typography component="dt" variant="caption" sx={{ color: 'text.secondary', fontWeight: 600 }}>{name}</Typography>
      <Typography component="dd" sx={{ m: 0, fontSize: '1.125rem', fontWeight: 650, letterSpacing: '-0.01em' }}>{children}</Typography>
    </Box>
  )
}

const ROW = { m: 0, display: 'grid', gridTemplateColumns: { xs: 'repeat(2, minmax(0, 1fr))', sm: 'repeat(4, minmax(0, 1fr))' } } as const
