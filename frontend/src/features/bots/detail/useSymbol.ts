import { useSearchParams } from 'react-router'
import type { BotOut } from '@/api'

/** The symbol looked at, kept in the address; the bot's first one unless another is chosen. */
export function useSymbol(bot: Pick<BotOut, 'symbols'>): [string, (symbol: string) => void] {
  const [params, setParams] = useSearchParams()
  const asked = params.get('symbol')
  const symbol = asked !== null && bot.symbols.includes(asked) ? asked : (bot.symbols[0] ?? '')
  return [symbol, (next) => setParams({ symbol: next }, { replace: true })]
}
