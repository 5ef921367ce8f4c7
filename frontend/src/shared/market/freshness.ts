// How far what the page shows can be trusted right now, and the sentence that says so.
import type { SummaryOut } from '@/api'
import { SILENCE_MS, useConnection, useNow, useSilence, type Connection } from '@/realtime'
import { useSummary } from './summary'

export interface Freshness {
  /** The word in the header strip. */
  word: 'Live' | 'Connecting' | 'Disconnected' | 'Silent' | 'Engine down' | 'No market data'
  stale: boolean
  /** What is wrong and what comes of it; null while all is well. */
  sentence: string | null
  /** Milliseconds since the newest news. */
  silence: number | null
  /** Milliseconds since the connection came or went. */
  phaseAge: number
}

interface Observed {
  connection: Connection
  silence: number | null
  now: number
  summary: Pick<SummaryOut, 'engine_alive' | 'market'> | undefined
}

/** Judge the observed: the link first, then the engine behind it, the market behind that, the news. */
export function judge({ connection, silence, now, summary }: Observed): Freshness {
  const state = (word: Freshness['word'], sentence: string | null): Freshness => ({
    word,
    sentence,
    stale: sentence !== null,
    silence,
    phaseAge: Math.max(0, now - connection.since),
  })
  if (connection.phase === 'down') {
    return state(
      'Disconnected',
      'The connection to Flotilla is lost, and what you see is no longer live. The page reconnects by itself. If Flotilla was stopped, no bot trades; stops and targets placed at the broker still hold.',
    )
  }
  if (connection.phase === 'connecting') return state('Connecting', null)
  if (summary && !summary.engine_alive) {
    return state(
      'Engine down',
      'The engine is not running: no bot trades or watches its positions. Stops and targets placed at the broker still hold. Start Flotilla again, or look at its log.',
    )
  }
  if (summary && !summary.market.connected) {
    return state('No market data', 'No market data arrives: bots decide nothing until it is back. The engine reconnects by itself.')
  }
  // While the engine lives, the market's clock alone brings a summary every second or two.
  if (silence !== null && silence > SILENCE_MS && summary?.market.rate !== 0) {
    return state('Silent', 'Flotilla has gone silent: what you see may be out of date.')
  }
  return state('Live', null)
}

/** The freshness of the page, judged anew every second. */
export function useFreshness(): Freshness {
  const connection = useConnection()
  const silence = useSilence()
  const now = useNow()
  const { data: summary } = useSummary()
  return judge({ connection, silence, now, summary })
}
