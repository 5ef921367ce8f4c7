import { paths } from '@/shared/paths'
import { Page } from '@/shared/ui/Page'
import { RouterLink } from '@/shared/ui/RouterLink'
import { EmptyState } from '@/shared/ui/states'

export function NotFoundPage() {
  return (
    <Page title="Page not found">
      <EmptyState title="There is nothing at this address." action={<RouterLink to={paths.dashboard}>Go to the dashboard</RouterLink>}>
        The link may be old, or a letter of it may be missing.
      </EmptyState>
    </Page>
  )
}
