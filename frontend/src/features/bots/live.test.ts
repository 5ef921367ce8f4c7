import { describe, expect, test } from 'vitest'
import type { BotOut, Fact, ListBotsResponse } from '@/api'
import { bot } from '@/testing/factories'
import { seeded } from '@/testing/random'
import { applyToBot, applyToPage } from './live'

const changed = (row: BotOut, number = 1): Fact => ({ type: 'bot_status_changed', number, bot: row })

/** What the server answers, written apart from what is tested. */
const fetchPage = (rows: ReadonlyMap<string, BotOut>): ListBotsResponse => ({
  items: [...rows.values()].sort((a, b) => (a.created_at + a.id < b.created_at + b.id ? -1 : 1)),
  next_cursor: null,
})

describe('bots', () => {
  test('applying every fact gives what a fresh fetch gives', () => {
    const random = seeded(3)
    const rows = new Map<string, BotOut>()
    let page = fetchPage(rows)
    for (let number = 1; number <= 300; number += 1) {
      const known = [...rows.values()][Math.floor(random() * rows.size * 1.2)]
      let fact: Fact
      if (known && random() < 0.15) {
        rows.delete(known.id)
        fact = { type: 'bot_deleted', number, bot_id: known.id }
      } else {
        const created = bot({ id: `bot-${Math.floor(random() * 1e9)}`, created_at: `2016-01-04T15:${String(10 + Math.floor(number / 6))}:00Z` })
        const next: BotOut = known
          ? { ...known, status: random() < 0.5 ? 'running' : 'stopped', version: known.version + Math.round(random()) }
          : created
        rows.set(next.id, next)
        fact = changed(next, number)
      }
      page = applyToPage(page, fact, 500)
      expect(page).toEqual(fetchPage(rows))
    }
    expect(page.items.length).toBeGreaterThan(3)
  })

  test('an older version changes nothing; the same version with another status does', () => {
    const stored = bot({ version: 3, name: 'Newest' })
    const page = { items: [stored], next_cursor: null }
    expect(applyToPage(page, changed(bot({ version: 2 })), 500)).toBe(page)
    expect(applyToBot(stored, changed(bot({ version: 2 })))).toBe(stored)
    expect(applyToBot(stored, changed(bot({ version: 3, status: 'running' })))).toMatchObject({ status: 'running' })
    expect(applyToBot(stored, changed(bot({ id: 'another', version: 9 })))).toBe(stored)
  })
})
