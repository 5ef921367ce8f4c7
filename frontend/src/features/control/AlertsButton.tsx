import Badge from '@mui/material/Badge'
import IconButton from '@mui/material/IconButton'
import List from '@mui/material/List'
import ListItem from '@mui/material/ListItem'
import ListItemText from '@mui/material/ListItemText'
import Popover from '@mui/material/Popover'
import Typography from '@mui/material/Typography'
import { skipToken, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { AlertOut } from '@/api'
import { WarningIcon } from '@/shared/ui/icons'
import { ALERTS_KEY } from './live'

/** The alerts since the page was opened; the badge counts those not looked at. */
export function AlertsButton() {
  const { data: alerts = [] } = useQuery<AlertOut[]>({ queryKey: ALERTS_KEY, queryFn: skipToken, initialData: [], gcTime: Infinity })
  const [anchor, setAnchor] = useState<HTMLElement | null>(null)
  const [seen, setSeen] = useState<AlertOut>()
  const newest = alerts.findIndex((one) => one === seen)
  const unseen = anchor ? 0 : newest < 0 ? alerts.length : newest
  if (alerts.length === 0) return null
  const close = () => {
    setSeen(alerts[0])
    setAnchor(null)
  }
  return (
    <>
      <IconButton size="small" aria-label={`Alerts, ${unseen} new`} onClick={(event) => setAnchor(event.currentTarget)}>
        <Badge badgeContent={unseen} color="error"><WarningIcon fontSize="small" /></Badge>
      </IconButton>
      <Popover open={anchor !== null} anchorEl={anchor} onClose={close} anchorOrigin={{ vertical: 'bottom', horizontal: 'right' }} transformOrigin={{ vertical: 'top', horizontal: 'right' }}>
        <Typography variant="subtitle2" sx={{ px: 4, pt: 3 }}>Alerts</Typography>
        <List dense aria-label="Alerts" sx={{ width: 'min(420px, 92vw)', maxHeight: '60vh', overflowY: 'auto' }}>
          {alerts.map((one) => (
            <ListItem key={`${one.at}${one.code}${one.text}`}>
              <ListItemText
                primary={one.text}
                secondary={new Date(one.at).toLocaleString()}
                slotProps={{ primary: { color: COLOURS[one.severity] } }}
              />
            </ListItem>
          ))}
        </List>
      </Popover>
    </>
  )
}

const COLOURS = { info: 'text.primary', warning: 'status.changing', error: 'status.error' } as const
