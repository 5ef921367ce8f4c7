import Box from '@mui/material/Box'
import type { ReactNode } from 'react'

/** What a narrow table shows inside a cell because the column of its own has no room. */
export function OnPhone({ block = false, children }: { block?: boolean; children: ReactNode }) {
  return (
    <Box component={block ? 'div' : 'span'} sx={{ display: { xs: block ? 'block' : 'inline', sm: 'none' } }}>
      {children}
    </Box>
  )
}
