import { expect, test } from 'vitest'
import { consequenceWords, engagedWords, requestFor } from './words'

const consequences = { bots: 3, entries: 1, orders: 4, positions: 2, unmanaged: 1, value: '1520.5', unrealized_pnl: '-12.25' }

test('each choice states its consequences in numbers', () => {
  const words = consequenceWords({ consequences })
  expect(words.entries).toBe('3 bots open nothing more; 1 open entry order is cancelled. Stops and targets stay.')
  expect(words.flatten).toMatch(/^2 positions worth \$1,520\.50 are closed at the market, 4 open orders cancelled; at the last prices that realises .12\.25|\$12\.25/)
  expect(words.unmanaged).toContain('1 holding of no bot')
})

test('one is not many, and nothing is not closed', () => {
  const words = consequenceWords({ consequences: { ...consequences, bots: 1, entries: 2, orders: 1, positions: 0 } })
  expect(words.entries).toContain('1 bot opens nothing more; 2 open entry orders are cancelled')
  expect(words.flatten).toBe('The bots hold nothing; 1 open order is cancelled.')
})

test('what is no bot’s is only asked for with what the bots hold', () => {
  expect(requestFor('entries')).toEqual({ flatten: false, unmanaged: false })
  expect(requestFor('flatten')).toEqual({ flatten: true, unmanaged: false })
  expect(requestFor('unmanaged')).toEqual({ flatten: true, unmanaged: true })
})

test('an engaged switch says how far it goes', () => {
  expect(engagedWords({ flatten: false, unmanaged: false })).toContain('Stops and targets stay')
  expect(engagedWords({ flatten: true, unmanaged: false })).toContain('what the bots hold is being closed')
  expect(engagedWords({ flatten: true, unmanaged: true })).toContain('everything on this account')
})
