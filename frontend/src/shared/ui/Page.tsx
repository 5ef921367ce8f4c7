import Box from '@mui/material/Box'
import Typography from '@mui/material/Typography'
import type { ReactNode } from 'react'

interface Props {
  title: string
  /** Beside the heading: a state, a chip. */
  beside?: ReactNode
  actions?: ReactNode
  children: ReactNode
}

/** A page's heading, document title and content. */
export function Page({ title, beside, actions, children }: Props) {
  return (
    <Box sx={{ display: 'grid', gap: 4, gridTemplateColumns: 'minmax(0, 1fr)', p: { xs: 3, sm: 5 }, maxWidth: 1680, mx: 'auto' }}>
      <title>{`${title} · Flotilla`}</title>
      <Box sx={{ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: 3, minHeight: 34 }}>
        <Typography variant="h1" sx={{ overflowWrap: 'anywhere' }}>{title}</Typography>
        {beside}
        <Box sx={{ flexGrow: 1 }} />
        {actions}
      </Box>
      {children}
    </Box>
  )
}
