// Candles of any timeframe, from closed bars and the minutes that came after them.
import type { BarOut, PriceBar, Timeframe } from '@/api'

import { TIMEFRAME_SECONDS } from '@/shared/trading/timeframes'


/** One candle; times are seconds since 1970 UTC. `until` is the end of the newest minute within it. */
export interface Candle {
  time: number
  open: number
  high: number
  low: number
  close: number
  volume: number
  until: number
}

type Minute = Pick<PriceBar, 'start' | 'open' | 'high' | 'low' | 'close' | 'volume'>

const seconds = (moment: string): number => Math.floor(Date.parse(moment) / 1000)

const NEW_YORK = new Intl.DateTimeFormat('en-US', { timeZone: 'America/New_York', timeZoneName: 'longOffset' })

/** What New York's clock shows ahead of UTC, in seconds. */
function newYorkOffset(time: number): number {
  const shown = NEW_YORK.formatToParts(time * 1000).find((part) => part.type === 'timeZoneName')
  const [, sign, hours] = /GMT([+-])(\d+)/.exec(shown?.value ?? '') ?? []
  return hours === undefined ? 0 : (sign === '-' ? -3600 : 3600) * Number(hours)
}

/** The open time of the candle that a moment belongs to, on New York's clock: whole hours from UTC. */
export function bucketStart(time: number, timeframe: Timeframe): number {
  const length = TIMEFRAME_SECONDS[timeframe]
  const offset = length > 3600 ? newYorkOffset(time) : 0
  return time - ((time + offset) % length)
}

/** Closed bars, continued by later minutes: the last candle may still be forming. Both oldest first. */
export function candles(closed: readonly BarOut[], minutes: readonly Minute[], timeframe: Timeframe): Candle[] {
  const length = TIMEFRAME_SECONDS[timeframe]
  const whole = closed.map(({ start, ...bar }): Candle => {
    const time = seconds(start)
    return { ...bar, time, until: time + length }
  })
  return withMinutes(whole, minutes, timeframe)
}

/** Candles continued by later minutes, oldest first. */
export function withMinutes(known: readonly Candle[], minutes: readonly Minute[], timeframe: Timeframe): Candle[] {
  const result = [...known]
  for (const minute of minutes) {
    const next = withMinute(result.at(-1), minute, timeframe)
    if (next === null) continue
    if (next.time === result.at(-1)?.time) result.pop()
    result.push(next)
  }
  return result
}

/** The candle after a minute: the last one grown, or a new one; null when the minute is known already. */
export function withMinute(last: Candle | undefined, minute: Minute, timeframe: Timeframe): Candle | null {
  const start = seconds(minute.start)
  if (last && start < last.until) return null
  const time = bucketStart(start, timeframe)
  const { open, high, low, close, volume } = minute
  const until = start + 60
  if (!last || time > last.time) return { time, open, high, low, close, volume, until }
  return {
    ...last,
    high: Math.max(last.high, high),
    low: Math.min(last.low, low),
    close,
    volume: last.volume + volume,
    until,
  }
}
