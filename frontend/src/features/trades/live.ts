// What facts change in the cached trades.
import type { QueryClient } from '@tanstack/react-query'
import type { Fact, ListTradesData, ListTradesResponse, TradeOut } from '@/api'
import { patchQueries, upsert } from '@/shared/cache'
import { compareMoments } from '@/shared/format/time'

type Filter = NonNullable<ListTradesData['query']>

/** Bring every cached list of trades up to date with a fact. */
export function apply(fact: Fact, cache: QueryClient): void {
  if (fact.type !== 'trade_executed' && fact.type !== 'bot_status_changed') return
  patchQueries<ListTradesResponse>(cache, 'listTrades', (page, { query }) =>
    applyToPage(page, fact, (query ?? {})),
  )
}

/** A page of trades (newest first) after a fact; an older version of a trade changes nothing. */
export function applyToPage(page: ListTradesResponse, fact: Fact, filter: Filter): ListTradesResponse {
  if (fact.type === 'bot_status_changed') return { ...page, items: renamed(page.items, fact.bot) }
  if (fact.type !== 'trade_executed' || !matches(fact.trade, filter)) return page
  const known = page.items.find((trade) => trade.id === fact.trade.id)
  if (known && known.version > fact.trade.version) return page
  return { ...page, items: upsert(page.items, fact.trade, newestFirst, filter.limit ?? 100) }
}

function matches(trade: TradeOut, { bot_id: bot, symbol, cursor }: Filter): boolean {
  return !cursor && (!bot || bot === trade.bot_id) && (!symbol || symbol === trade.symbol)
}

function renamed(trades: TradeOut[], bot: { id: string; name: string }): TradeOut[] {
  return trades.map((trade) => (trade.bot_id === bot.id && trade.bot_name !== bot.name ? { ...trade, bot_name: bot.name } : trade))
}

function newestFirst(a: TradeOut, b: TradeOut): number {
  return compareMoments(b.timestamp, a.timestamp) || b.id.localeCompare(a.id)
}
