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
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { apiError, listPositionsOptions, type BotOut } from '@/api'
import { useStopBot } from './actions'
import { holdingWords, keepingWords } from './holdings'

interface Props {
  bot: Pick<BotOut, 'id' | 'name' | 'risk_management'>
  onClose: () => void
}

/** Stop a bot: keep what it holds, or sell it; with the consequences in numbers. */
export function StopDialog({ bot, onClose }: Props) {
  const [onStop, setOnStop] = useState<BotOut['on_stop']>('keep')
  const { stop, stopping, error } = useStopBot(bot)
  const { data } = useQuery(listPositionsOptions({ query: { bot_id: bot.id, is_open: true, limit: 100 } }))
  return (
    <Dialog open onClose={onClose} maxWidth="xs" fullWidth aria-labelledby="stop-title">
      <DialogTitle id="stop-title">Stop {bot.name}?</DialogTitle>
      <DialogContent>
        <Typography variant="body2" sx={{ mb: 3 }}>
          It opens nothing more. {data ? holdingWords(data.items) : 'Asking what it holds …'}
        </Typography>
        <RadioGroup aria-label="What becomes of its positions" value={onStop} onChange={(_, value) => setOnStop(value as BotOut['on_stop'])}>
          <Choice value="keep" label="Keep its positions" note={keepingWords(data?.items ?? [], bot.risk_management)} />
          <Choice value="flatten" label="Sell everything" note="At the market’s next price, whatever it is." />
        </RadioGroup>
        {error && <Alert severity="error" sx={{ mt: 3 }}>{apiError(error).detail}</Alert>}
      </DialogContent>
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button
          variant="contained"
          color={onStop === 'flatten' ? 'error' : 'primary'}
          loading={stopping}
          onClick={() => void stop(onStop).then(onClose, () => undefined)}
        >
          {onStop === 'flatten' ? 'Stop and sell' : 'Stop bot'}
        </Button>
      </DialogActions>
    </Dialog>
  )
}

function Choice({ value, label, note }: { value: BotOut['on_stop']; label: string; note: string }) {
  return (
    <Box sx={{ mb: 1 }}>
      <FormControlLabel value={value} label={label} control={<Radio size="small" slotProps={{ input: { 'aria-describedby': `stop-${value}` } }} />} />
      <Typography id={`stop-${value}`} variant="caption" component="p" sx={{ color: 'text.secondary', ml: 7, mt: -1 }}>{note}</Typography>
    </Box>
  )
}
