import Alert from '@mui/material/Alert'
import Box from '@mui/material/Box'
import Button from '@mui/material/Button'
import Dialog from '@mui/material/Dialog'
import DialogActions from '@mui/material/DialogActions'
import DialogContent from '@mui/material/DialogContent'
import DialogTitle from '@mui/material/DialogTitle'
import FormControlLabel from '@mui/material/FormControlLabel'
import Radio from '@mui/material/Radio'
import RadioGroup from '@mui/material/RadioGroup'
import Typography from '@mui/material/Typography'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { apiError, engageKillSwitchMutation, readKillSwitchQueryKey, type KillSwitchOut } from '@/api'
import { consequenceWords, engagedWords, requestFor, type Reach } from './words'

interface Props {
  state: KillSwitchOut
  onClose: () => void
}

/** One confirmation: how far it goes, and what that does now. Further steps are taken here, too. */
export function KillSwitchDialog({ state, onClose }: Props) {
  const [reach, setReach] = useState<Reach>(state.unmanaged ? 'unmanaged' : state.flatten ? 'flatten' : 'entries')
  const engage = useMutation(engageKillSwitchMutation())
  const cache = useQueryClient()
  const words = consequenceWords(state)
  const path = { account_id: state.account_id }
  const confirm = async () => {
    const now = await engage.mutateAsync({ path, body: requestFor(reach) })
    cache.setQueryData(readKillSwitchQueryKey({ path }), now)
    onClose()
  }
  return (
    <Dialog open onClose={onClose} maxWidth="xs" fullWidth aria-labelledby="kill-title">
      <DialogTitle id="kill-title">{state.engaged ? 'The kill switch is on' : 'Stop all trading of this account?'}</DialogTitle>
      <DialogContent>
        {state.engaged && <Typography variant="body2" sx={{ mb: 3 }}>{engagedWords(state)}</Typography>}
        <RadioGroup aria-label="How far it goes" value={reach} onChange={(_, value) => setReach(value as Reach)}>
          <Choice value="entries" label="Open nothing more" note={words.entries} />
          <Choice value="flatten" label="And close what the bots hold" note={words.flatten} />
          <Choice value="unmanaged" label="And everything else on the account" note={words.unmanaged} />
        </RadioGroup>
        {engage.error && <Alert severity="error" sx={{ mt: 3 }}>{apiError(engage.error).detail}</Alert>}
      </DialogContent>
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button variant="contained" color="error" loading={engage.isPending} onClick={() => void confirm().catch(() => undefined)}>
          {reach === 'entries' ? 'Stop entries' : 'Stop and close'}
        </Button>
      </DialogActions>
    </Dialog>
  )
}

function Choice({ value, label, note }: { value: Reach; label: string; note: string }) {
  return (
    <Box sx={{ mb: 1 }}>
      <FormControlLabel value={value} label={label} control={<Radio size="small" slotProps={{ input: { 'aria-describedby': `kill-${value}` } }} />} />
      <Typography id={`kill-${value}`} variant="caption" component="p" sx={{ color: 'text.secondary', ml: 7, mt: -1 }}>{note}</Typography>
    </Box>
  )
}
