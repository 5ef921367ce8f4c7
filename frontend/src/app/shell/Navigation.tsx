import BottomNavigation from '@mui/material/BottomNavigation'
import BottomNavigationAction from '@mui/material/BottomNavigationAction'
import Box from '@mui/material/Box'
import List from '@mui/material/List'
import ListItem from '@mui/material/ListItem'
import ListItemButton from '@mui/material/ListItemButton'
import ListItemIcon from '@mui/material/ListItemIcon'
import ListItemText from '@mui/material/ListItemText'
import Paper from '@mui/material/Paper'
import Typography from '@mui/material/Typography'
import { Link, useLocation } from 'react-router'
import { navigation } from '../navigation'

function useCurrent(): string | undefined {
  const { pathname } = useLocation()
  return navigation.findLast(({ to }) => (to === '/' ? pathname === '/' : pathname.startsWith(to)))?.to
}

/** The pages, at the left. */
export function Rail() {
  const current = useCurrent()
  return (
    <Box component="nav" aria-label="Main" sx={RAIL}>
      <Box sx={{ display: 'flex', alignItems: 'center', gap: 2.5, px: 4, height: 52 }}>
        <img src="/favicon.svg" alt="" width={24} height={24} />
        <Typography sx={{ fontWeight: 700, fontSize: '1rem', letterSpacing: '-0.01em' }}>Flotilla</Typography>
      </Box>
      <List sx={{ px: 2 }}>
        {navigation.map(({ label, to, Icon }) => (
          <ListItem key={to} disablePadding>
            <ListItemButton
              component={Link}
              to={to}
              selected={current === to}
              aria-current={current === to ? 'page' : undefined}
              sx={{ borderRadius: 1.5, py: 1.5, px: 2.5 }}
            >
              <ListItemIcon sx={{ minWidth: 32, color: 'inherit' }}>
                <Icon fontSize="small" />
              </ListItemIcon>
              <ListItemText primary={label} slotProps={{ primary: { variant: 'body2', sx: { fontWeight: 600 } } }} />
            </ListItemButton>
          </ListItem>
        ))}
      </List>
    </Box>
  )
}

/** The same pages at the bottom of a phone. */
export function BottomBar() {
  const current = useCurrent()
  return (
    <Paper component="nav" aria-label="Main" square sx={BOTTOM}>
      <BottomNavigation showLabels value={current ?? false} sx={{ bgcolor: 'transparent' }}>
        {navigation.map(({ label, to, Icon }) => (
          <BottomNavigationAction key={to} component={Link} to={to} value={to} label={label} icon={<Icon fontSize="small" />} />
        ))}
      </BottomNavigation>
    </Paper>
  )
}

const RAIL = {
  display: { xs: 'none', md: 'block' },
  width: 184,
  flexShrink: 0,
  borderRight: 1,
  borderColor: 'divider',
  bgcolor: 'background.paper',
  position: 'sticky',
  top: 0,
  height: '100dvh',
  overflowY: 'auto',
} as const

const BOTTOM = {
  display: { xs: 'block', md: 'none' },
  position: 'fixed',
  bottom: 0,
  left: 0,
  right: 0,
  zIndex: 'appBar',
  borderWidth: '1px 0 0',
} as const
