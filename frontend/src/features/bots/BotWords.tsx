import Box from '@mui/material/Box'
import Typography from '@mui/material/Typography'
import type { ReactNode } from 'react'
import type { RiskForm } from './form/risk/model'
import { capWords, entryWords, exitWords, haltWords, joined, scaleWords, sizeWords, type Sides } from './form/risk/words'

/** One line of what a bot does: a term and its sentence, within a `dl`. */
export function Line({ term, children }: { term: string; children: ReactNode }) {
  return (
    <Box>
      <Typography component="dt" variant="caption" sx={{ color: 'text.secondary', fontWeight: 600 }}>{term}</Typography>
      <Typography component="dd" variant="body2" sx={{ m: 0, overflowWrap: 'anywhere' }}>{children}</Typography>
    </Box>
  )
}

/** How large a bot's positions are, what protects them, and what holds it back. */
export function RiskLines({ risk, sides }: { risk: RiskForm; sides: Sides }) {
  const limits = [...haltWords(risk), ...capWords(risk)]
  return (
    <>
      <Line term="Puts in">{joined([sizeWords(risk), ...entryWords(risk), ...scaleWords(risk)])}</Line>
      <Line term="Protects">{joined(exitWords(risk, sides))}</Line>
      <Line term="Limits">{joined(limits)}</Line>
    </>
  )
}
