// A bot's trades as marks on the candles.
import type { SeriesMarker, Time, UTCTimestamp } from 'lightweight-charts'
import type { Timeframe, TradeOut } from '@/api'
import { direction, quantity, signedMoney } from '../format/numbers'
import { bucketStart } from './candles'
import type { ChartColours } from './colours'

/** One mark a trade (they come newest first), at its candle, oldest first; trades before the first candle have no place. */
export function tradeMarkers(
  trades: readonly TradeOut[],
  timeframe: Timeframe,
  firstCandle: number,
  colours: Pick<ChartColours, 'trade' | 'pnl'>,
): SeriesMarker<Time>[] {
  return trades
    .toReversed()
    .map((trade): SeriesMarker<Time> & { time: UTCTimestamp } => ({
      id: trade.id,
      time: bucketStart(Math.floor(Date.parse(trade.timestamp) / 1000), timeframe) as UTCTimestamp,
      position: trade.type === 'buy' ? 'belowBar' : 'aboveBar',
      shape: trade.type === 'buy' ? 'arrowUp' : 'arrowDown',
      color: trade.profit_loss === null ? colours.trade[trade.type] : colours.pnl[direction(trade.profit_loss)],
      text: trade.profit_loss === null ? `${trade.type === 'buy' ? 'Buy' : 'Short'} ${quantity(trade.quantity)}` : signedMoney(trade.profit_loss),
    }))
    .filter(({ time }) => time >= firstCandle)
    .sort((a, b) => a.time - b.time)
}
