import Chip from '@mui/material/Chip'
import Tooltip from '@mui/material/Tooltip'
import type { BotOut } from '@/api'
import { DotIcon, ErrorIcon, PauseIcon, StopIcon, WaitIcon } from './icons'

type Bot = Pick<BotOut, 'status' | 'desired_status' | 'status_reason' | 'next_attempt_at'>
type Shown = 'Running' | 'Starting' | 'Retrying' | 'Pausing' | 'Paused' | 'Stopping' | 'Stopped' | 'Error'

const LOOK = {
  Running: { icon: <DotIcon />, color: 'status.running' },
  Starting: { icon: <WaitIcon />, color: 'status.changing' },
  Retrying: { icon: <WaitIcon />, color: 'status.error' },
  Pausing: { icon: <WaitIcon />, color: 'status.changing' },
  Paused: { icon: <PauseIcon />, color: 'status.changing' },
  Stopping: { icon: <WaitIcon />, color: 'status.changing' },
  Stopped: { icon: <StopIcon />, color: 'status.stopped' },
  Error: { icon: <ErrorIcon />, color: 'status.error' },
} as const

/** What a bot does, and where it is on its way to when a person asked for something else. */
export function botState({ status, desired_status: desired, next_attempt_at: attempt }: Bot): Shown {
  if (status === 'error') return 'Error'
  if (status === 'stopped') return desired === 'stopped' ? 'Stopped' : 'Starting'
  if (status === 'stopping' || desired === 'stopped') return 'Stopping'
  if (status === 'starting') return attempt ? 'Retrying' : 'Starting'
  if (desired === 'paused') return status === 'paused' ? 'Paused' : 'Pausing'
  return status === 'running' ? 'Running' : 'Starting'
}

/** A bot's state as icon, word and colour; the reason of an error is its tooltip. */
export function StatusChip({ bot }: { bot: Bot }) {
  const state = botState(bot)
  const { icon, color } = LOOK[state]
  const chip = (
    <Chip
      size="small"
      variant="outlined"
      icon={icon}
      label={state}
      sx={{ color, borderColor: 'currentColor', fontWeight: 600, height: 22, '& .MuiChip-icon': { color: 'inherit', fontSize: 12, ml: 1.5 } }}
    />
  )
  return bot.status_reason ? <Tooltip describeChild title={bot.status_reason}>{chip}</Tooltip> : chip
}
