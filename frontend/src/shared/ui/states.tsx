// What a part of a page shows when it has nothing to show: empty, failed, loading.
import Alert from '@mui/material/Alert'
import Box from '@mui/material/Box'
import Button from '@mui/material/Button'
import Skeleton from '@mui/material/Skeleton'
import Typography from '@mui/material/Typography'
import type { ReactNode } from 'react'
import { apiError } from '@/api'

interface EmptyProps {
  title: string
  /** What would be here, and how it comes to be. */
  children?: ReactNode
  action?: ReactNode
}

/** Teaches: what will be here, and the one thing to do. */
export function EmptyState({ title, children, action }: EmptyProps) {
  return (
    <Box sx={{ px: 4, py: 6, textAlign: 'center', display: 'grid', gap: 2, justifyItems: 'center' }}>
      <Typography variant="h3" component="p">
        {title}
      </Typography>
      {children && (
        <Typography variant="body2" sx={{ color: 'text.secondary', maxWidth: '52ch' }}>
          {children}
        </Typography>
      )}
      {action}
    </Box>
  )
}

interface ErrorProps {
  error: unknown
  onRetry?: () => void
}

/** Says what went wrong and offers to try again. */
export function ErrorState({ error, onRetry }: ErrorProps) {
  const { detail, code } = apiError(error)
  return (
    <Alert
      severity="error"
      sx={{ m: 3 }}
      action={onRetry && <Button color="inherit" onClick={onRetry}>Try again</Button>}
    >
      {detail} <Box component="span" sx={{ opacity: 0.75 }}>({code})</Box>
    </Alert>
  )
}

/** Grey rows in the place of a table's, shown only when loading takes a moment. */
export function LoadingRows({ rows = 4 }: { rows?: number }) {
  return (
    <Box role="status" aria-label="Loading" sx={{ p: 3, display: 'grid', gap: 2, ...APPEAR_LATE }}>
      {Array.from({ length: rows }, (_, row) => (
        <Skeleton key={row} variant="rounded" height={20} />
      ))}
    </Box>
  )
}

const APPEAR_LATE = {
  opacity: 0,
  animation: 'appear 120ms 200ms forwards',
  '@keyframes appear': { to: { opacity: 1 } },
} as const
