import { expect, test } from 'vitest'
import type { Fact } from '@/api'
import { bot } from '@/testing/factories'
import { FactLog } from './facts'

const fact = (number: number): Fact => ({ type: 'bot_status_changed', number, bot: bot() })

test('each fact is accepted once, and older ones never', () => {
  const log = new FactLog()
  log.restart(10)
  expect([9, 10, 11, 11, 13, 12].map((number) => log.accept(fact(number), 0))).toEqual([false, false, true, false, true, false])
  expect(log.last).toBe(13)
})

test('remembers what came since a moment, until it restarts', () => {
  const log = new FactLog()
  log.accept(fact(1), 100)
  log.accept(fact(2), 200)
  log.accept(fact(3), 300)
  expect(log.since(200).map(({ number }) => number)).toEqual([2, 3])
  log.restart(50)
  expect(log.since(0)).toEqual([])
})
