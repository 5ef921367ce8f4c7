import Accordion from '@mui/material/Accordion'
import AccordionDetails from '@mui/material/AccordionDetails'
import AccordionSummary from '@mui/material/AccordionSummary'
import Box from '@mui/material/Box'
import Typography from '@mui/material/Typography'
import { useState } from 'react'
import { DownIcon } from '@/shared/ui/icons'
import { useFormHelp } from '../context'
import type { RiskFlag, RiskNumber } from './fields'
import { FieldGrid, RiskFields } from './RiskFields'
import { joined } from './words'

interface Props {
  title: string
  /** Its fields; each list starts a row of its own. */
  rows: readonly (readonly (RiskNumber | RiskFlag)[])[]
  /** What is set, for while the group is closed. */
  words: readonly string[]
}

/** Settings that most bots leave alone: closed, with what is set in words; open where something is wrong. */
export function RiskGroup({ title, rows, words }: Props) {
  const { problems } = useFormHelp()
  const [open, setOpen] = useState(false)
  const wrong = problems.some(({ anchor }) => rows.flat().some((name) => anchor === `risk_management.${name}`))
  // It stays open when what was wrong is mended: the person is still typing in it.
  if (wrong && !open) setOpen(true)
  return (
    <Accordion
      expanded={open}
      onChange={(_, next) => setOpen(next)}
      disableGutters
      square
      slotProps={{ heading: { component: 'h3' }, transition: { unmountOnExit: true } }}
      sx={GROUP}
    >
      <AccordionSummary expandIcon={<DownIcon />} sx={{ px: 0, textAlign: 'left' }}>
        <Box>
          <Typography variant="h3" component="span">{title}</Typography>
          <Typography variant="caption" component="p" sx={{ color: 'text.secondary' }}>
            {words.length > 0 ? joined(words) : 'Off'}
          </Typography>
        </Box>
      </AccordionSummary>
      <AccordionDetails sx={{ px: 0, pt: 1.5, pb: 4 }}>
        <Box role="group" aria-label={title} sx={{ display: 'grid', gap: 3 }}>
          {rows.map((names) => <FieldGrid key={names[0]}><RiskFields names={names} /></FieldGrid>)}
        </Box>
      </AccordionDetails>
    </Accordion>
  )
}

const GROUP = {
  border: 0,
  borderTop: 1,
  borderColor: 'divider',
  '&::before': { display: 'none' },
} as const
