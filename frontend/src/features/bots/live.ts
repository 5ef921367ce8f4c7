// What facts change in the cached bots.
import type { QueryClient } from '@tanstack/react-query'
import type { BotOut, Fact, ListBotsResponse } from '@/api'
import { isOf, patchQueries, upsert } from '@/shared/cache'
import { compareMoments } from '@/shared/format/time'

/** Bring every cached bot up to date with a fact. */
export function apply(fact: Fact, cache: QueryClient): void {
  if (fact.type !== 'bot_status_changed' && fact.type !== 'bot_deleted') return
  patchQueries<ListBotsResponse>(cache, 'listBots', (page, { query }) =>
    applyToPage(page, fact, Number(query?.limit ?? 100)),
  )
  patchQueries<BotOut>(cache, 'readBot', (bot) => applyToBot(bot, fact))
  if (fact.type === 'bot_deleted') {
    // Whoever looks at the deleted bot asks again, and is told that it is gone.
    void cache.invalidateQueries({
      predicate: ({ queryKey }) =>
        isOf(queryKey, 'readBot') && (queryKey[0] as { path?: { bot_id?: string } }).path?.bot_id === fact.bot_id,
    })
  }
}

/** A page of bots (oldest first) after a fact; an older version than the known one changes nothing. */
export function applyToPage(page: ListBotsResponse, fact: Fact, limit: number): ListBotsResponse {
  if (fact.type === 'bot_deleted') {
    return { ...page, items: page.items.filter((bot) => bot.id !== fact.bot_id) }
  }
  if (fact.type !== 'bot_status_changed') return page
  const known = page.items.find((bot) => bot.id === fact.bot.id)
  if (known && known.version > fact.bot.version) return page
  return { ...page, items: upsert(page.items, fact.bot, oldestFirst, limit) }
}

/** One bot after a fact. */
export function applyToBot(bot: BotOut, fact: Fact): BotOut {
  if (fact.type !== 'bot_status_changed' || fact.bot.id !== bot.id) return bot
  return fact.bot.version < bot.version ? bot : fact.bot
}

function oldestFirst(a: BotOut, b: BotOut): number {
  return compareMoments(a.created_at, b.created_at) || a.id.localeCompare(b.id)
}
