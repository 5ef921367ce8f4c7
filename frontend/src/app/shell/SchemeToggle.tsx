import IconButton from '@mui/material/IconButton'
import Tooltip from '@mui/material/Tooltip'
import { useColorScheme } from '@mui/material/styles'
import { DarkIcon, LightIcon, SystemIcon } from '@/shared/ui/icons'

const NEXT = { system: 'light', light: 'dark', dark: 'system' } as const
const NAMES = { system: 'as the system', light: 'light', dark: 'dark' } as const
const ICONS = { system: SystemIcon, light: LightIcon, dark: DarkIcon } as const

/** Colours as the system says, light, or dark; the choice is kept in this browser. */
export function SchemeToggle() {
  const { mode, setMode } = useColorScheme()
  const current = mode ?? 'system'
  const Icon = ICONS[current]
  const label = `Colours: ${NAMES[current]}. Switch to ${NAMES[NEXT[current]]}`
  return (
    <Tooltip title={label}>
      <IconButton aria-label={label} onClick={() => setMode(NEXT[current])}>
        <Icon fontSize="small" />
      </IconButton>
    </Tooltip>
  )
}
