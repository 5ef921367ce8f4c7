import Box from '@mui/material/Box'
import Paper from '@mui/material/Paper'
import Typography from '@mui/material/Typography'
import { useId, type ReactNode } from 'react'

interface Props {
  title: string
  /** Stands at the right of the title: a count, a selector, a button. */
  aside?: ReactNode
  /** Tables reach to the panel's edge; everything else is padded. */
  flush?: boolean
  children: ReactNode
}

/** A titled part of a page. */
export function Panel({ title, aside, flush = false, children }: Props) {
  const id = useId()
  return (
    <Paper component="section" aria-labelledby={id} sx={{ display: 'flex', flexDirection: 'column', minWidth: 0 }}>
      <Box
        sx={{ display: 'flex', alignItems: 'center', flexWrap: 'wrap', gap: 2, px: 3, py: 1, minHeight: 44, borderBottom: 1, borderColor: 'divider' }}
      >
        <Typography id={id} variant="h2" component="h2" sx={{ flexGrow: 1 }}>
          {title}
        </Typography>
        {aside}
      </Box>
      <Box sx={{ p: flush ? 0 : 3, pt: flush ? 0 : 3.5, minWidth: 0 }}>{children}</Box>
    </Paper>
  )
}
