// Times as a person reads them. The market's are New York's; ages are of the wall clock.

const ZONE = 'America/New_York'

const formatter = (options: Intl.DateTimeFormatOptions) =>
  new Intl.DateTimeFormat('en-GB', { timeZone: ZONE, hourCycle: 'h23', ...options })

const HOUR_MINUTE = formatter({ hour: '2-digit', minute: '2-digit' })
const WITH_SECONDS = formatter({ hour: '2-digit', minute: '2-digit', second: '2-digit' })
const DAY = formatter({ weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' })
const SHORT_DAY = formatter({ day: 'numeric', month: 'short' })
const MONTH = formatter({ month: 'short', year: 'numeric' })

type Moment = string | number | Date

/** `10:42` in New York. */
export const marketTime = (moment: Moment): string => HOUR_MINUTE.format(new Date(moment))

/** `10:42:07` in New York. */
export const marketSeconds = (moment: Moment): string => WITH_SECONDS.format(new Date(moment))

/** `Mon, 4 Jan 2016` in New York. */
export const marketDay = (moment: Moment): string => DAY.format(new Date(moment))

/** `4 Jan` in New York. */
export const marketShortDay = (moment: Moment): string => SHORT_DAY.format(new Date(moment))

/** `Jan 2016` in New York. */
export const marketMonth = (moment: Moment): string => MONTH.format(new Date(moment))

/** `4 Jan 10:42` in New York: for rows that span days. */
export const marketStamp = (moment: Moment): string => `${marketShortDay(moment)} ${marketTime(moment)}`

/** `10:42:07` on the reader's own clock: for what the market's clock has nothing to do with. */
export const wallTime = (moment: Moment): string =>
  new Date(moment).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })

/** How long ago, coarsely: `4 s`, `3 min`, `2 h`. */
export function age(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000))
  if (seconds < 100) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 100) return `${minutes} min`
  return `${Math.round(minutes / 60)} h`
}

/** Order two RFC 3339 moments, which may or may not carry fractions of a second. */
export function compareMoments(a: string, b: string): number {
  return Date.parse(a) - Date.parse(b) || fraction(a).localeCompare(fraction(b))
}

function fraction(moment: string): string {
  return (/\.(\d+)/.exec(moment)?.[1] ?? '').padEnd(9, '0')
}
