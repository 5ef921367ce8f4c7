import Box from '@mui/material/Box'
import { direction, signedDollars, signedMoney, signedPercent } from '../format/numbers'

const ARROWS = { up: '\u25B2', down: '\u25BC' } as const

const WORDS = { usd: signedMoney, dollars: signedDollars, percent: signedPercent } as const

interface Props {
  /** USD, or percent when `unit` says so; null while it is not known. */
  value: string | number | null
  /** `usd` where a header names the unit, `dollars` where nothing else does. */
  unit?: keyof typeof WORDS
}

/** A gain or a loss: sign, arrow and colour say the same, so that none is needed alone. */
export function Pnl({ value, unit = 'usd' }: Props) {
  const way = direction(value)
  return (
    <Box component="span" sx={{ color: `pnl.${way}`, whiteSpace: 'nowrap' }}>
      {way !== 'flat' && (
        <Box component="span" aria-hidden sx={{ fontSize: '0.65em', mr: '0.4em', verticalAlign: '0.12em' }}>
          {ARROWS[way]}
        </Box>
      )}
      {WORDS[unit](value)}
    </Box>
  )
}
