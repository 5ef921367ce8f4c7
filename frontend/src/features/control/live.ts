// What alerts change in the cache: the kill switch's state, and the list of alerts.
import type { QueryClient } from '@tanstack/react-query'
import type { AlertOut, Fact } from '@/api'
import { isOf } from '@/shared/cache'

const MOST_ALERTS = 50
/** Where the alerts since the page was opened are kept, newest first. */
export const ALERTS_KEY = ['alerts'] as const

/** An alert goes on the list once; one of the kill switch has its state asked for. */
export function apply(fact: Fact, cache: QueryClient): void {
  if (fact.type !== 'alert') return
  cache.setQueryData<AlertOut[]>(ALERTS_KEY, (known = []) => listed(known, fact.alert))
  if (fact.alert.code.startsWith('KILL_SWITCH')) {
    void cache.invalidateQueries({ predicate: ({ queryKey }) => isOf(queryKey, 'readKillSwitch') })
  }
}

/** The list with one more alert; facts may be applied more than once. */
export function listed(known: AlertOut[], alert: AlertOut): AlertOut[] {
  const same = (one: AlertOut) => one.at === alert.at && one.code === alert.code && one.text === alert.text
  return known.some(same) ? known : [alert, ...known].slice(0, MOST_ALERTS)
}
