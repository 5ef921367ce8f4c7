import Alert from '@mui/material/Alert'
import Button from '@mui/material/Button'
import Dialog from '@mui/material/Dialog'
import DialogActions from '@mui/material/DialogActions'
import DialogContent from '@mui/material/DialogContent'
import DialogTitle from '@mui/material/DialogTitle'
import Typography from '@mui/material/Typography'
import { apiError, type BotOut, type PositionOut } from '@/api'
import { useToast } from '@/shared/ui/toast'
import { useStopBot } from './actions'
import { holdingWords } from './holdings'

interface Props {
  bot: Pick<BotOut, 'id' | 'name'>
  positions: readonly PositionOut[]
  onClose: () => void
}

/** Sell what a stopped bot kept, after a confirmation. */
export function SellDialog({ bot, positions, onClose }: Props) {
  const { stop, stopping, error } = useStopBot(bot)
  const toast = useToast()
  const sell = async () => {
    await stop('flatten')
    toast({ severity: 'success', text: `${bot.name} closes its positions.` })
    onClose()
  }
  return (
    <Dialog open onClose={onClose} maxWidth="xs" fullWidth aria-labelledby="sell-title">
      <DialogTitle id="sell-title">Sell everything {bot.name} holds?</DialogTitle>
      <DialogContent>
        <Typography variant="body2">{holdingWords(positions)} It is closed at the market’s next price, whatever it is.</Typography>
        {error && <Alert severity="error" sx={{ mt: 3 }}>{apiError(error).detail}</Alert>}
      </DialogContent>
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button variant="contained" color="error" loading={stopping} onClick={() => void sell().catch(() => undefined)}>
          Sell everything
        </Button>
      </DialogActions>
    </Dialog>
  )
}
