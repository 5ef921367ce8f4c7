import Button from '@mui/material/Button'
import { useState } from 'react'
import { KillSwitchDialog } from './KillSwitchDialog'
import { useKillSwitch } from './useKillSwitch'

/** Always in reach: asks once, with the consequences in numbers. */
export function KillSwitchButton() {
  const [open, setOpen] = useState(false)
  const { data } = useKillSwitch()
  if (!data) return null
  return (
    <>
      <Button
        size="small"
        color="error"
        variant={data.engaged ? 'contained' : 'outlined'}
        onClick={() => setOpen(true)}
        sx={{ whiteSpace: 'nowrap', minWidth: 0, px: 2, py: 0.5 }}
      >
        {data.engaged ? 'Kill switch: on' : 'Kill switch'}
      </Button>
      {open && <KillSwitchDialog state={data} onClose={() => setOpen(false)} />}
    </>
  )
}
