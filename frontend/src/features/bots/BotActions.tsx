import Box from '@mui/material/Box'
import Button from '@mui/material/Button'
import IconButton from '@mui/material/IconButton'
import Tooltip from '@mui/material/Tooltip'
import { useState } from 'react'
import { Link } from 'react-router'
import type { BotOut } from '@/api'
import { paths } from '@/shared/paths'
import { DeleteIcon, EditIcon, PauseIcon, StartIcon, StopIcon } from '@/shared/ui/icons'
import { usePauseBot, useStartBot } from './actions'
import { DeleteDialog } from './DeleteDialog'
import { isAtRest, mayPause, mayResume, mayStart, mayStop } from './lifecycle'
import { StopDialog } from './StopDialog'

interface Props {
  bot: BotOut
  /** In a row, the buttons name their bot, and editing and deleting are icons. */
  inRow?: boolean
  onDeleted?: () => void
}

/** Start, pause, stop, edit and delete, as far as the bot's state allows. */
export function BotActions({ bot, inRow = false, onDeleted }: Props) {
  const [asking, setAsking] = useState<'stop' | 'delete' | null>(null)
  const { start, starting } = useStartBot(bot)
  const { pause, resume, changing } = usePauseBot(bot)
  const close = () => setAsking(null)
  const name = (verb: string) => (inRow ? { 'aria-label': `${verb} ${bot.name}` } : {})
  return (
    <Box sx={{ display: 'flex', gap: inRow ? 0 : 2, justifyContent: 'flex-end', alignItems: 'center' }}>
      {mayStart(bot) && (
        <Button variant={inRow ? 'text' : 'contained'} startIcon={<StartIcon />} loading={starting} onClick={start} {...name('Start')}>
          Start
        </Button>
      )}
      {mayPause(bot) && (
        <Button variant={inRow ? 'text' : 'outlined'} color="inherit" startIcon={<PauseIcon />} loading={changing} onClick={pause} {...name('Pause')}>
          Pause
        </Button>
      )}
      {mayResume(bot) && (
        <Button variant={inRow ? 'text' : 'contained'} startIcon={<StartIcon />} loading={changing} onClick={resume} {...name('Resume')}>
          Resume
        </Button>
      )}
      {mayStop(bot) && (
        <Button variant={inRow ? 'text' : 'outlined'} color="inherit" startIcon={<StopIcon />} onClick={() => setAsking('stop')} {...name('Stop')}>
          Stop
        </Button>
      )}
      {inRow ? (
        <>
          <RowIcon label={`Edit ${bot.name}`} to={paths.editBot(bot.id)} />
          <Tooltip title={isAtRest(bot) ? 'Delete' : 'Stop it before you delete it'}>
            <span>
              <IconButton aria-label={`Delete ${bot.name}`} disabled={!isAtRest(bot)} onClick={() => setAsking('delete')}>
                <DeleteIcon fontSize="small" />
              </IconButton>
            </span>
          </Tooltip>
        </>
      ) : (
        <>
          <Button component={Link} to={paths.editBot(bot.id)} startIcon={<EditIcon />}>Edit</Button>
          <Button color="error" startIcon={<DeleteIcon />} disabled={!isAtRest(bot)} onClick={() => setAsking('delete')}>Delete</Button>
        </>
      )}
      {asking === 'stop' && <StopDialog bot={bot} onClose={close} />}
      {asking === 'delete' && <DeleteDialog bot={bot} onClose={close} onDeleted={onDeleted} />}
    </Box>
  )
}

function RowIcon({ label, to }: { label: string; to: string }) {
  return (
    <Tooltip title="Edit">
      <IconButton aria-label={label} component={Link} to={to}><EditIcon fontSize="small" /></IconButton>
    </Tooltip>
  )
}
