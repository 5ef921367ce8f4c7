import { useQuery } from '@tanstack/react-query'
import { readKillSwitchOptions } from '@/api'
import { useSummary } from '@/shared/market/summary'

/** The kill switch of the account that the page shows, and what it would do. */
export function useKillSwitch() {
  const accountId = useSummary().data?.account.id
  return useQuery({
    ...readKillSwitchOptions({ path: { account_id: accountId ?? '' } }),
    enabled: accountId !== undefined,
    refetchInterval: 10_000,
  })
}
