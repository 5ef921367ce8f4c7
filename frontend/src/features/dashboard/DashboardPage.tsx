import Box from '@mui/material/Box'
import Button from '@mui/material/Button'
import { Link } from 'react-router'
import { paths } from '@/shared/paths'
import { AddIcon } from '@/shared/ui/icons'
import { Page } from '@/shared/ui/Page'
import { BotsPanel } from './BotsPanel'
import { EquityPanel } from './EquityPanel'
import { Headlines } from './Headlines'
import { LiveTrades } from './LiveTrades'
import { PositionsPanel } from './PositionsPanel'

/** What a person wants to know first: how much, how today, who runs, what just happened. */
export function DashboardPage() {
  return (
    <Page
      title="Dashboard"
      actions={
        <Button variant="contained" component={Link} to={paths.newBot} startIcon={<AddIcon />}>
          New bot
        </Button>
      }
    >
      <Headlines />
      <Box sx={COLUMNS}>
        <Box sx={COLUMN}>
          <EquityPanel />
          <BotsPanel />
        </Box>
        <Box sx={COLUMN}>
          <LiveTrades />
          <PositionsPanel />
        </Box>
      </Box>
    </Page>
  )
}

const COLUMNS = { display: 'grid', gap: 4, alignItems: 'start', gridTemplateColumns: { xs: 'minmax(0, 1fr)', lg: 'minmax(0, 1fr) minmax(0, 1fr)' } } as const
const COLUMN = { display: 'grid', gap: 4, gridTemplateColumns: 'minmax(0, 1fr)', minWidth: 0 } as const
