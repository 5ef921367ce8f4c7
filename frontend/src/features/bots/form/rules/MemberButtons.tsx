import Box from '@mui/material/Box'
import Button from '@mui/material/Button'
import IconButton from '@mui/material/IconButton'
import Tooltip from '@mui/material/Tooltip'
import { CloseIcon, DownIcon, UpIcon } from '@/shared/ui/icons'

interface Props {
  /** What the buttons belong to: `condition 1`. */
  name: string
  negated: boolean
  /** The rarely needed fields; null where there are none. */
  details: { shown: boolean; onToggle: () => void } | null
  onNegate: () => void
  onRemove: () => void
}

/** What may be done with a member of a group. */
export function MemberButtons({ name, negated, details, onNegate, onRemove }: Props) {
  return (
    <Box sx={{ display: 'flex', gap: 1, alignItems: 'center', justifyContent: 'flex-end' }}>
      <Tooltip describeChild title={negated ? 'Holds when this does not. Press to turn back.' : 'Turn into its opposite'}>
        <Button
          color={negated ? 'warning' : 'inherit'}
          variant={negated ? 'outlined' : 'text'}
          aria-pressed={negated}
          sx={{ minWidth: 0 }}
          onClick={onNegate}
        >
          Not
        </Button>
      </Tooltip>
      {details && (
        <Tooltip title="Earlier bars, changes, several bars in a row">
          <IconButton aria-label={`More on ${name}`} aria-expanded={details.shown} onClick={details.onToggle}>
            {details.shown ? <UpIcon fontSize="small" /> : <DownIcon fontSize="small" />}
          </IconButton>
        </Tooltip>
      )}
      <Tooltip title="Remove">
        <IconButton aria-label={`Remove ${name}`} onClick={onRemove}><CloseIcon fontSize="small" /></IconButton>
      </Tooltip>
    </Box>
  )
}
