import Alert from '@mui/material/Alert'
import Button from '@mui/material/Button'
import Dialog from '@mui/material/Dialog'
import DialogActions from '@mui/material/DialogActions'
import DialogContent from '@mui/material/DialogContent'
import DialogTitle from '@mui/material/DialogTitle'
import Typography from '@mui/material/Typography'
import { apiError, type BotOut } from '@/api'
import { useToast } from '@/shared/ui/toast'
import { useDeleteBot } from './actions'

interface Props {
  bot: Pick<BotOut, 'id' | 'name'>
  onClose: () => void
  onDeleted?: () => void
}

/** Delete a stopped bot, after a confirmation. */
export function DeleteDialog({ bot, onClose, onDeleted }: Props) {
  const { remove, deleting, error } = useDeleteBot(bot)
  const toast = useToast()
  const confirm = async () => {
    await remove()
    toast({ severity: 'success', text: `${bot.name} is deleted.` })
    onClose()
    onDeleted?.()
  }
  return (
    <Dialog open onClose={onClose} maxWidth="xs" fullWidth aria-labelledby="delete-title">
      <DialogTitle id="delete-title">Delete {bot.name}?</DialogTitle>
      <DialogContent>
        <Typography variant="body2">Its definition goes. Its trades stay in the history.</Typography>
        {error && <Alert severity="error" sx={{ mt: 3 }}>{apiError(error).detail}</Alert>}
      </DialogContent>
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button variant="contained" color="error" loading={deleting} onClick={() => void confirm().catch(() => undefined)}>
          Delete bot
        </Button>
      </DialogActions>
    </Dialog>
  )
}
