import { describe, expect, test } from 'vitest'
import type { Fact, ListPositionsData, ListPositionsResponse, PositionOut } from '@/api'
import { position } from '@/testing/factories'
import { seeded } from '@/testing/random'
import { applyToPage } from './live'

type Filter = NonNullable<ListPositionsData['query']>

/** What the server answers, written apart from what is tested. */
function fetchPage(rows: ReadonlyMap<string, PositionOut>, { bot_id, is_open, limit = 100 }: Filter): ListPositionsResponse {
  const found = [...rows.values()].filter(
    (row) => (!bot_id || row.bot_id === bot_id) && (typeof is_open !== 'boolean' || row.is_open === is_open),
  )
  found.sort((a, b) => (a.opened_at === b.opened_at ? (a.id < b.id ? 1 : -1) : a.opened_at < b.opened_at ? 1 : -1))
  return { items: found.slice(0, limit), next_cursor: null }
}

describe('positions', () => {
  test.each<Filter>([{}, { is_open: true }, { is_open: false }, { bot_id: 'bot-1', is_open: true }])(
    'applying every fact gives what a fresh fetch gives (%o)',
    (filter) => {
      const random = seeded(11)
      const rows = new Map<string, PositionOut>()
      let page = fetchPage(rows, filter)
      let most = 0
      for (let number = 1; number <= 300; number += 1) {
        const open = [...rows.values()].filter((row) => row.is_open)
        const known = open.length > 4 || (open.length > 0 && random() < 0.7) ? open[Math.floor(random() * open.length)] : undefined
        const closes = known !== undefined && random() < 0.2
        const opened = position({
          id: `position-${Math.floor(random() * 1e9)}`,
          bot_id: random() < 0.5 ? 'bot-1' : 'bot-2',
          opened_at: new Date(Date.UTC(2016, 0, 4, 15, Math.floor(number / 4))).toISOString(),
        })
        const next: PositionOut = { ...(known ?? opened), current_price: String(100 + number), is_open: !closes }
        rows.set(next.id, next)
        page = applyToPage(page, { type: 'position_updated', number, position: next }, filter)
        expect(page.items).toEqual(fetchPage(rows, filter).items)
        most = Math.max(most, page.items.length)
      }
      expect(most).toBeGreaterThan(1)
    },
  )

  test('a renamed bot’s positions carry its new name', () => {
    const fact = { type: 'bot_status_changed', number: 1, bot: { id: 'bot-1', name: 'Beta' } } as Fact
    expect(applyToPage({ items: [position()], next_cursor: null }, fact, {}).items[0]?.bot_name).toBe('Beta')
  })
})
