import Box from '@mui/material/Box'
import { useWatch } from 'react-hook-form'
import { Panel } from '@/shared/ui/Panel'
import { Line, RiskLines } from '../BotWords'
import { TIMEFRAMES } from '@/shared/trading/timeframes'
import { useFormHelp } from './context'
import { sidesOf, type FormValues } from './model'
import { endsWithoutRule } from './risk/words'
import { sentence } from './rules/sentence'
import type { GroupForm } from './rules/model'

/** The bot read back as sentences, while it is being built. */
export function InWords() {
  const values = useWatch<FormValues>() as FormValues
  const { catalogue } = useFormHelp()
  const words = { indicators: values.indicators, catalogue }
  const { entry, exit, short_entry: shortEntry, short_exit: shortExit } = values.rules
  const sides = sidesOf(values.rules)
  const enters = (rule: GroupForm) => sentence(rule, words) || 'never: the entry rule is empty'
  const leaves = (rule: GroupForm | null) =>
    rule ? sentence(rule, words) || 'never: the exit rule is empty' : endsWithoutRule(values.risk_management)
  return (
    <Panel title="In words">
      <Box component="dl" sx={{ m: 0, display: 'grid', gap: 2 }}>
        <Line term="Watches">
          {values.symbols.length > 0 ? values.symbols.join(', ') : 'no symbol yet'}, in bars of {TIMEFRAMES[values.timeframe]}
          {values.window.all_day ? '' : `, and opens positions from ${values.window.start} to ${values.window.end} New York time`}
        </Line>
        {sides.long && (
          <>
            <Line term="Buys when">{enters(entry)}</Line>
            <Line term="Sells when">{leaves(exit)}</Line>
          </>
        )}
        {shortEntry && (
          <>
            <Line term="Sells short when">{enters(shortEntry)}</Line>
            <Line term="Buys back when">{leaves(shortExit)}</Line>
          </>
        )}
        <RiskLines risk={values.risk_management} sides={sides} />
      </Box>
    </Panel>
  )
}
