import type {} from '@mui/material/themeCssVarsAugmentation'
import '@mui/material/styles'

interface Meanings {
  pnl: { up: string; down: string; flat: string }
  status: { running: string; changing: string; stopped: string; error: string }
  trade: { buy: string; sell: string }
  account: { practice: string; paper: string; live: string; onBadge: string }
  chart: { line: string; fill: string; fade: string; grid: string; study: string[] }
}

// Module augmentation merges interfaces: these are not empty, they are additions.
/* eslint-disable @typescript-eslint/no-empty-object-type */
declare module '@mui/material/styles' {
  interface Palette extends Meanings {}
  interface PaletteOptions extends Partial<Meanings> {}
}
