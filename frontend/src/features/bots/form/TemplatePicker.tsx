import Box from '@mui/material/Box'
import Button from '@mui/material/Button'
import Dialog from '@mui/material/Dialog'
import DialogActions from '@mui/material/DialogActions'
import DialogContent from '@mui/material/DialogContent'
import DialogTitle from '@mui/material/DialogTitle'
import ToggleButton from '@mui/material/ToggleButton'
import ToggleButtonGroup from '@mui/material/ToggleButtonGroup'
import Typography from '@mui/material/Typography'
import { useState } from 'react'
import type { TemplateOut } from '@/api'

interface Props {
  templates: readonly TemplateOut[]
  chosen: TemplateOut
  /** Whether something was filled in that another template would overwrite. */
  filledIn: boolean
  onChoose: (template: TemplateOut) => void
}

/** What a new bot starts from; another choice asks before it takes what was typed. */
export function TemplatePicker({ templates, chosen, filledIn, onChoose }: Props) {
  const [asked, setAsked] = useState<TemplateOut | null>(null)
  const choose = (id: string | null) => {
    const next = templates.find((candidate) => candidate.id === id)
    if (!next) return
    if (filledIn) setAsked(next)
    else onChoose(next)
  }
  return (
    <Box sx={{ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: 3 }}>
      <ToggleButtonGroup
        exclusive
        size="small"
        aria-label="Start from"
        value={chosen.id}
        onChange={(_, id: string | null) => choose(id)}
        sx={{ flexWrap: 'wrap' }}
      >
        {templates.map(({ id, name }) => (
          <ToggleButton key={id} value={id} sx={{ px: 3, py: 1, textTransform: 'none' }}>{name}</ToggleButton>
        ))}
      </ToggleButtonGroup>
      <Typography variant="body2" sx={{ color: 'text.secondary' }}>{[chosen.behaviour, chosen.audience, chosen.risks].join(' ')}</Typography>
      {asked && (
        <Dialog open onClose={() => setAsked(null)} maxWidth="xs" fullWidth aria-labelledby="template-title">
          <DialogTitle id="template-title">Start over from {asked.name}?</DialogTitle>
          <DialogContent>
            <Typography variant="body2">The template fills in the whole form: what you changed is lost.</Typography>
          </DialogContent>
          <DialogActions>
            <Button onClick={() => setAsked(null)}>Keep what I have</Button>
            <Button
              variant="contained"
              onClick={() => {
                setAsked(null)
                onChoose(asked)
              }}
            >
              Start over
            </Button>
          </DialogActions>
        </Dialog>
      )}
    </Box>
  )
}
