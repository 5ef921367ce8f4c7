import Alert from '@mui/material/Alert'
import Snackbar from '@mui/material/Snackbar'
import { createContext, use, useCallback, useState, type ReactNode } from 'react'

interface Toast {
  text: string
  severity: 'success' | 'error'
}

const ToastContext = createContext<(toast: Toast) => void>(() => undefined)

/** Confirm what a person just did, or say that it failed; nothing else is worth a toast. */
export const useToast = () => use(ToastContext)

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toast, setToast] = useState<Toast | null>(null)
  const [open, setOpen] = useState(false)
  const show = useCallback((next: Toast) => {
    setToast(next)
    setOpen(true)
  }, [])
  const close = () => setOpen(false)
  return (
    <ToastContext value={show}>
      {children}
      <Snackbar
        open={open}
        autoHideDuration={toast?.severity === 'error' ? 10_000 : 4000}
        onClose={(_, reason) => reason !== 'clickaway' && close()}
        anchorOrigin={{ vertical: 'bottom', horizontal: 'center' }}
      >
        <Alert severity={toast?.severity ?? 'success'} variant="filled" onClose={close}>
          {toast?.text}
        </Alert>
      </Snackbar>
    </ToastContext>
  )
}
