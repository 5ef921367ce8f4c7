import Alert from '@mui/material/Alert'
import Button from '@mui/material/Button'
import { useRouteError } from 'react-router'
import { apiError } from '@/api'
import { Page } from '@/shared/ui/Page'

/** A page that raised. The bots are unaffected: they run on the server. */
export function CrashPage() {
  const error = apiError(useRouteError())
  return (
    <Page title="This page failed">
      <Alert severity="error" action={<Button color="inherit" onClick={() => window.location.reload()}>Reload the page</Button>}>
        Something in the page broke: {error.detail} Running bots are not affected: they do not need the page.
      </Alert>
    </Page>
  )
}
