import Box from '@mui/material/Box'
import Typography from '@mui/material/Typography'
import type { ReactNode } from 'react'
import type { BotOut } from '@/api'
import { dollars } from '@/shared/format/numbers'
import { TIMEFRAMES } from '@/shared/trading/timeframes'
import { Panel } from '@/shared/ui/Panel'
import { fromDefinition } from '../form/model'
import { protectionWords } from '../form/words'

const PROTECTION = 'the stop-loss or the take-profit is reached'

/** The bot's definition in words. */
export function DefinitionPanel({ bot }: { bot: BotOut }) {
  const { window, risk_management: risk } = fromDefinition(bot)
  return (
    <Panel title="What it does" aside={<Typography variant="caption" sx={{ color: 'text.secondary' }}>Version {bot.version}</Typography>}>
      <Box component="dl" sx={{ m: 0, display: 'grid', gap: 2 }}>
        <Line term="Watches">
          {bot.symbols.join(', ')}, in bars of {TIMEFRAMES[bot.timeframe]}, with {dollars(bot.capital)}
        </Line>
        {bot.entry_sentence !== null && (
          <>
            <Line term="Buys when">{bot.entry_sentence}</Line>
            <Line term="Sells when">{bot.exit_sentence ?? PROTECTION}</Line>
          </>
        )}
        {bot.short_entry_sentence !== null && (
          <>
            <Line term="Sells short when">{bot.short_entry_sentence}</Line>
            <Line term="Buys back when">{bot.short_exit_sentence ?? PROTECTION}</Line>
          </>
        )}
        <Line term="Protects">{protectionWords(risk)}</Line>
        <Line term="Hours">{window.all_day ? 'The whole session' : `Buys from ${window.start} to ${window.end} New York time`}</Line>
      </Box>
    </Panel>
  )
}

function Line({ term, children }: { term: string; children: ReactNode }) {
  return (
    <Box>
      <Typography component="dt" variant="caption" sx={{ color: 'text.secondary', fontWeight: 600 }}>{term}</Typography>
      <Typography component="dd" variant="body2" sx={{ m: 0, overflowWrap: 'anywhere' }}>{children}</Typography>
    </Box>
  )
}
