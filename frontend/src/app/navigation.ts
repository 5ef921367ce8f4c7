// The pages of the left rail, in order.
import { paths } from '@/shared/paths'
import { BotsIcon, DashboardIcon } from '@/shared/ui/icons'

export const navigation = [
  { label: 'Dashboard', to: paths.dashboard, Icon: DashboardIcon },
  { label: 'Bots', to: paths.bots, Icon: BotsIcon },
] as const
