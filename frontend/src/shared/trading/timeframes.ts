// The lengths of a bar: how long each is, and its words.
import type { Timeframe } from '@/api'

export const TIMEFRAME_SECONDS: Record<Timeframe, number> = {
  '1Min': 60,
  '2Min': 120,
  '3Min': 180,
  '5Min': 300,
  '10Min': 600,
  '15Min': 900,
  '30Min': 1800,
  '1Hour': 3600,
  '2Hour': 7200,
  '4Hour': 14400,
  '1Day': 86400,
}

export const TIMEFRAMES: Record<Timeframe, string> = {
  '1Min': '1 min',
  '2Min': '2 min',
  '3Min': '3 min',
  '5Min': '5 min',
  '10Min': '10 min',
  '15Min': '15 min',
  '30Min': '30 min',
  '1Hour': '1 hour',
  '2Hour': '2 hours',
  '4Hour': '4 hours',
  '1Day': '1 day',
}

/** The timeframes longer than the given one, shortest first. */
export const longerThan = (timeframe: Timeframe): Timeframe[] =>
  (Object.keys(TIMEFRAME_SECONDS) as Timeframe[]).filter((each) => TIMEFRAME_SECONDS[each] > TIMEFRAME_SECONDS[timeframe])
