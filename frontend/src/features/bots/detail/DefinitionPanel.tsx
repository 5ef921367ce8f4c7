import Box from '@mui/material/Box'
import Typography from '@mui/material/Typography'
import type { BotOut } from '@/api'
import { dollars } from '@/shared/format/numbers'
import { TIMEFRAMES } from '@/shared/trading/timeframes'
import { Panel } from '@/shared/ui/Panel'
import { Line, RiskLines } from '../BotWords'
import { fromDefinition } from '../form/model'
import { endsWithoutRule } from '../form/risk/words'

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
            <Line term="Sells when">{bot.exit_sentence ?? endsWithoutRule(risk)}</Line>
          </>
        )}
        {bot.short_entry_sentence !== null && (
          <>
            <Line term="Sells short when">{bot.short_entry_sentence}</Line>
            <Line term="Buys back when">{bot.short_exit_sentence ?? endsWithoutRule(risk)}</Line>
          </>
        )}
        <RiskLines risk={risk} sides={{ long: bot.entry_sentence !== null, short: bot.short_entry_sentence !== null }} />
        <Line term="Hours">{window.all_day ? 'The whole session' : `Opens positions from ${window.start} to ${window.end} New York time`}</Line>
      </Box>
    </Panel>
  )
}
