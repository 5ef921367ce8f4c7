import Box from '@mui/material/Box'
import Typography from '@mui/material/Typography'
import { useWatch } from 'react-hook-form'
import { Panel } from '@/shared/ui/Panel'
import { TIMEFRAMES } from '@/shared/trading/timeframes'
import { useFormHelp } from './context'
import type { FormValues } from './model'
import { sentence } from './rules/sentence'
import { protectionWords } from './words'

/** The bot read back as sentences, while it is being built. */
export function InWords() {
  const values = useWatch<FormValues>() as FormValues
  const { catalogue } = useFormHelp()
  const words = { indicators: values.indicators, catalogue }
  const { entry, exit } = values.rules
  return (
    <Panel title="In words">
      <Box component="dl" sx={{ m: 0, display: 'grid', gap: 2 }}>
        <Line term="Watches">
          {values.symbols.length > 0 ? values.symbols.join(', ') : 'no symbol yet'}, in bars of {TIMEFRAMES[values.timeframe]}
          {values.window.all_day ? '' : `, and buys from ${values.window.start} to ${values.window.end} New York time`}
        </Line>
        <Line term="Buys when">{sentence(entry, words) || 'never: the entry rule is empty'}</Line>
        <Line term="Sells when">{exit ? sentence(exit, words) || 'never: the exit rule is empty' : 'the stop-loss or the take-profit is reached'}</Line>
        <Line term="Protects">{protectionWords(values.risk_management)}</Line>
      </Box>
    </Panel>
  )
}

function Line({ term, children }: { term: string; children: React.ReactNode }) {
  return (
    <Box>
      <Typography component="dt" variant="caption" sx={{ color: 'text.secondary', fontWeight: 600 }}>{term}</Typography>
      <Typography component="dd" variant="body2" sx={{ m: 0, overflowWrap: 'anywhere' }}>{children}</Typography>
    </Box>
  )
}
