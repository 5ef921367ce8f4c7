// What the kill switch does, in numbers.
import type { KillSwitchOut, KillSwitchRequest } from '@/api'
import { count, dollars, signedDollars } from '@/shared/format/numbers'

/** How far the switch goes; each choice includes the one before. */
export type Reach = 'entries' | 'flatten' | 'unmanaged'

/** What is asked of the API for a choice. */
export function requestFor(reach: Reach): KillSwitchRequest {
  return { flatten: reach !== 'entries', unmanaged: reach === 'unmanaged' }
}

/** What each choice would do now. */
export function consequenceWords({ consequences: found }: Pick<KillSwitchOut, 'consequences'>): Record<Reach, string> {
  const orders = found.entries === 1 ? 'entry order is' : 'entry orders are'
  const profit = `at the last prices that realises ${signedDollars(found.unrealized_pnl)}`
  return {
    entries: `${count(found.bots, 'bot')} ${found.bots === 1 ? 'opens' : 'open'} nothing more; ${found.entries} open ${orders} cancelled. Stops and targets stay.`,
    flatten:
      found.positions === 0
        ? `The bots hold nothing; ${count(found.orders, 'open order')} ${found.orders === 1 ? 'is' : 'are'} cancelled.`
        : `${count(found.positions, 'position')} worth ${dollars(found.value)} ${found.positions === 1 ? 'is' : 'are'} closed at the market, ${count(found.orders, 'open order')} cancelled; ${profit}.`,
    unmanaged: `Also ${count(found.unmanaged, 'holding')} of no bot, and every order at the broker that is not Flotilla’s.`,
  }
}

/** What an engaged switch is doing. */
export function engagedWords({ flatten, unmanaged }: Pick<KillSwitchOut, 'flatten' | 'unmanaged'>): string {
  if (unmanaged) return 'The kill switch is on: no bot enters, and everything on this account is being closed.'
  if (flatten) return 'The kill switch is on: no bot enters, and what the bots hold is being closed.'
  return 'The kill switch is on: no bot enters. Stops and targets stay.'
}
