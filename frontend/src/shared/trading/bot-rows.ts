// A bot's definition and state beside its figures: what every table of bots shows.
import { useQuery } from '@tanstack/react-query'
import { listBotsOptions, type BotFigures, type BotOut, type SummaryOut } from '@/api'
import { useSummary } from '../market/summary'

export interface BotRow {
  bot: BotOut
  /** Null until the summary that has it arrives. */
  figures: BotFigures | null
}

/** The most bots a page holds; more than this needs a table with pages. */
const MOST_BOTS = 500

/** The query of all bots; every page asks the same one, so that they share the answer. */
export const useBots = () => useQuery(listBotsOptions({ query: { limit: MOST_BOTS } }))

/** Bots with their figures, in the bots' order. */
export function useBotRows() {
  const { data, error, refetch } = useBots()
  const { data: summary } = useSummary()
  return { rows: data && joinFigures(data.items, summary), error, refetch }
}

export function joinFigures(bots: readonly BotOut[], summary: Pick<SummaryOut, 'bots'> | undefined): BotRow[] {
  const figures = new Map(summary?.bots.map((entry) => [entry.bot_id, entry]))
  return bots.map((bot) => ({ bot, figures: figures.get(bot.id) ?? null }))
}

/** What a bot has won or lost since it was made: realised and open. USD. */
export function totalPnl({ realized_pnl, unrealized_pnl }: BotFigures): number {
  return Number(realized_pnl) + Number(unrealized_pnl)
}
