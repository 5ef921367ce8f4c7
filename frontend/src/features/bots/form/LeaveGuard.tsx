import Button from '@mui/material/Button'
import Dialog from '@mui/material/Dialog'
import DialogActions from '@mui/material/DialogActions'
import DialogContent from '@mui/material/DialogContent'
import DialogTitle from '@mui/material/DialogTitle'
import Typography from '@mui/material/Typography'
import { useEffect, type RefObject } from 'react'
import { useBlocker } from 'react-router'

interface Props {
  /** Whether something was changed and not saved. */
  dirty: boolean
  /** Set once it was saved: leaving is what follows. */
  saved: RefObject<boolean>
  onDiscard: () => void
}

/** Asks before unsaved changes are left. */
export function LeaveGuard({ dirty, saved, onDiscard }: Props) {
  const blocker = useBlocker(({ currentLocation, nextLocation }) => dirty && !saved.current && currentLocation.pathname !== nextLocation.pathname)
  useEffect(() => {
    if (!dirty) return
    const ask = (event: BeforeUnloadEvent) => {
      if (!saved.current) event.preventDefault()
    }
    window.addEventListener('beforeunload', ask)
    return () => window.removeEventListener('beforeunload', ask)
  }, [dirty, saved])
  if (blocker.state !== 'blocked') return null
  return (
    <Dialog open onClose={() => blocker.reset()} maxWidth="xs" fullWidth aria-labelledby="leave-title">
      <DialogTitle id="leave-title">Leave without saving?</DialogTitle>
      <DialogContent>
        <Typography variant="body2">Your changes are kept as a draft in this browser until you come back, or discarded now.</Typography>
      </DialogContent>
      <DialogActions>
        <Button onClick={() => blocker.reset()}>Stay</Button>
        <Button
          color="error"
          onClick={() => {
            onDiscard()
            blocker.proceed()
          }}
        >
          Discard
        </Button>
        <Button variant="contained" onClick={() => blocker.proceed()}>Keep as a draft</Button>
      </DialogActions>
    </Dialog>
  )
}
