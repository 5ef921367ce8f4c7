import { expect, test } from 'vitest'
import { trade } from '@/testing/factories'
import { tradeMarkers } from './markers'

const colours = { trade: { buy: 'blue', sell: 'orange' }, pnl: { up: 'teal', down: 'rose', flat: 'grey' } }

test('a trade is marked at the candle that holds it, in order, and only where there are candles', () => {
  const trades = [
    trade({ id: 'c', type: 'sell', profit_loss: '-3.20', timestamp: '2016-01-04T15:09:00Z' }),
    trade({ id: 'b', timestamp: '2016-01-04T15:07:30Z' }),
    trade({ id: 'a', timestamp: '2016-01-04T14:00:00Z' }),
  ]
  const first = Date.parse('2016-01-04T15:00:00Z') / 1000
  const markers = tradeMarkers(trades, '5Min', first, colours)
  expect(markers.map(({ id, time }) => [id, time])).toEqual([
    ['b', first + 300],
    ['c', first + 300],
  ])
  expect(markers.map(({ position, color, text }) => ({ position, color, text }))).toEqual([
    { position: 'belowBar', color: 'blue', text: 'Buy 5' },
    { position: 'aboveBar', color: 'rose', text: '\u22123.20' },
  ])
})

test('a sale that opens a position is a short', () => {
  const short = trade({ id: 's', type: 'sell', profit_loss: null, timestamp: '2016-01-04T15:07:30Z' })
  const [marker] = tradeMarkers([short], '5Min', 0, colours)
  expect(marker).toMatchObject({ position: 'aboveBar', color: 'orange', text: 'Short 5' })
})
