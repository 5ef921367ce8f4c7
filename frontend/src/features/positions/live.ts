// What facts change in the cached positions.
import type { QueryClient } from '@tanstack/react-query'
import type { Fact, ListPositionsData, ListPositionsResponse, PositionOut } from '@/api'
import { patchQueries, upsert } from '@/shared/cache'
import { compareMoments } from '@/shared/format/time'

type Filter = NonNullable<ListPositionsData['query']>

/** Bring every cached list of positions up to date with a fact. */
export function apply(fact: Fact, cache: QueryClient): void {
  if (fact.type !== 'position_updated' && fact.type !== 'bot_status_changed') return
  patchQueries<ListPositionsResponse>(cache, 'listPositions', (page, { query }) =>
    applyToPage(page, fact, (query ?? {})),
  )
}

/** A page of positions (newest first) after a fact: one that no longer fits the filter leaves. */
export function applyToPage(page: ListPositionsResponse, fact: Fact, filter: Filter): ListPositionsResponse {
  if (fact.type === 'bot_status_changed') return { ...page, items: renamed(page.items, fact.bot) }
  if (fact.type !== 'position_updated') return page
  const { position } = fact
  if (!matches(position, filter)) {
    return { ...page, items: page.items.filter((other) => other.id !== position.id) }
  }
  return { ...page, items: upsert(page.items, position, newestFirst, filter.limit ?? 100) }
}

function matches(position: PositionOut, { bot_id: bot, is_open: open, cursor }: Filter): boolean {
  return !cursor && (!bot || bot === position.bot_id) && (open === null || open === undefined || open === position.is_open)
}

function renamed(positions: PositionOut[], bot: { id: string; name: string }): PositionOut[] {
  return positions.map((position) =>
    position.bot_id === bot.id && position.bot_name !== bot.name ? { ...position, bot_name: bot.name } : position,
  )
}

function newestFirst(a: PositionOut, b: PositionOut): number {
  return compareMoments(b.opened_at, a.opened_at) || b.id.localeCompare(a.id)
}
