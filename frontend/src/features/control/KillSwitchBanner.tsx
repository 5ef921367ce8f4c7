import Alert from '@mui/material/Alert'
import Button from '@mui/material/Button'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { apiError, readKillSwitchQueryKey, releaseKillSwitchMutation } from '@/api'
import { useKillSwitch } from './useKillSwitch'
import { engagedWords } from './words'

/** Over every page while the switch is on, with the way back. */
export function KillSwitchBanner() {
  const { data } = useKillSwitch()
  const release = useMutation(releaseKillSwitchMutation())
  const cache = useQueryClient()
  if (!data?.engaged) return null
  const path = { account_id: data.account_id }
  const letGo = async () => {
    cache.setQueryData(readKillSwitchQueryKey({ path }), await release.mutateAsync({ path }))
  }
  return (
    <Alert
      severity="error"
      variant="filled"
      square
      sx={{ borderRadius: 0, py: 0 }}
      action={
        <Button color="inherit" size="small" loading={release.isPending} onClick={() => void letGo().catch(() => undefined)}>
          Release
        </Button>
      }
    >
      {engagedWords(data)}
      {release.error && ` It could not be released: ${apiError(release.error).detail}`}
    </Alert>
  )
}
