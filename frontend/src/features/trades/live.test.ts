import { describe, expect, test } from 'vitest'
import type { Fact, ListTradesData, ListTradesResponse, TradeOut } from '@/api'
import { bot, trade } from '@/testing/factories'
import { seeded } from '@/testing/random'
import { applyToPage } from './live'

type Filter = NonNullable<ListTradesData['query']>

/** What the server answers, written apart from what is tested. */
function fetchPage(rows: ReadonlyMap<string, TradeOut>, { bot_id, symbol, limit = 100 }: Filter): ListTradesResponse {
  const found = [...rows.values()].filter((row) => (!bot_id || row.bot_id === bot_id) && (!symbol || row.symbol === symbol))
  found.sort((a, b) => (a.timestamp === b.timestamp ? (a.id < b.id ? 1 : -1) : a.timestamp < b.timestamp ? 1 : -1))
  return { items: found.slice(0, limit), next_cursor: null }
}

const minute = (n: number) => new Date(Date.UTC(2016, 0, 4, 15, n)).toISOString()

describe('trades', () => {
  test.each<Filter>([{}, { limit: 7 }, { bot_id: 'bot-1' }, { bot_id: 'bot-2', symbol: 'MSFT', limit: 3 }])(
    'applying every fact gives what a fresh fetch gives (%o)',
    (filter) => {
      const random = seeded(7)
      const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T
      const rows = new Map<string, TradeOut>()
      const names = { 'bot-1': 'Alpha', 'bot-2': 'Beta' }
      let page = fetchPage(rows, filter)
      for (let number = 1; number <= 300; number += 1) {
        let fact: Fact
        if (random() < 0.1) {
          const id = pick(['bot-1', 'bot-2'] as const)
          names[id] = `Renamed ${number}`
          fact = { type: 'bot_status_changed', number, bot: bot({ id, name: names[id] }) }
          for (const row of rows.values()) if (row.bot_id === id) rows.set(row.id, { ...row, bot_name: names[id] })
        } else {
          const again = random() < 0.3 ? pick([...rows.values()]) : undefined
          const bot_id = again?.bot_id ?? pick(['bot-1', 'bot-2'] as const)
          const next = trade({
            id: again?.id ?? `trade-${Math.floor(random() * 1e9)}`,
            bot_id,
            bot_name: names[bot_id as keyof typeof names],
            symbol: again?.symbol ?? pick(['AAPL', 'MSFT']),
            version: (again?.version ?? 0) + 1,
            timestamp: minute(Math.floor(number / 3)),
          })
          rows.set(next.id, next)
          fact = { type: 'trade_executed', number, trade: next }
        }
        page = applyToPage(page, fact, filter)
        expect(page.items).toEqual(fetchPage(rows, filter).items)
      }
      expect(page.items.length).toBeGreaterThan(2)
    },
  )

  test('an older version of a trade changes nothing', () => {
    const page = { items: [trade({ version: 3, quantity: '9' })], next_cursor: null }
    expect(applyToPage(page, { type: 'trade_executed', number: 5, trade: trade({ version: 2 }) }, {})).toBe(page)
  })

  test('a later page is not where new trades go', () => {
    const page = { items: [trade()], next_cursor: null }
    const fact: Fact = { type: 'trade_executed', number: 5, trade: trade({ id: 'new' }) }
    expect(applyToPage(page, fact, { cursor: 'abc' })).toBe(page)
  })
})
