import { QueryClient } from '@tanstack/react-query'
import { describe, expect, test } from 'vitest'
import { listBotsOptions, listBotsQueryKey, listTradesQueryKey, type Fact, type ListBotsResponse, type ListTradesResponse } from '@/api'
import { FactLog } from '@/realtime'
import { bot, trade } from '@/testing/factories'
import { applyFact, replayOverFetches } from './live'

const running: Fact = { type: 'bot_status_changed', number: 1, bot: bot({ status: 'running' }) }
const page = (status: 'stopped' | 'running'): ListBotsResponse => ({ items: [bot({ status })], next_cursor: null })

describe('facts and the cache', () => {
  test('a fact reaches every cached answer that shows it, and makes none of them younger', () => {
    const cache = new QueryClient()
    const bots = listBotsQueryKey({ query: { limit: 500 } })
    const ofBot = listTradesQueryKey({ query: { bot_id: 'bot-1', limit: 200 } })
    const ofOther = listTradesQueryKey({ query: { bot_id: 'bot-9' } })
    const empty: ListTradesResponse = { items: [], next_cursor: null }
    cache.setQueryData(bots, page('stopped'), { updatedAt: 1000 })
    cache.setQueryData(ofBot, empty)
    cache.setQueryData(ofOther, empty)
    applyFact(running, cache)
    applyFact({ type: 'trade_executed', number: 2, trade: trade() }, cache)
    expect(cache.getQueryData<ListBotsResponse>(bots)?.items[0]?.status).toBe('running')
    expect(cache.getQueryState(bots)?.dataUpdatedAt).toBe(1000)
    expect(cache.getQueryData<ListTradesResponse>(ofBot)?.items).toEqual([trade()])
    expect(cache.getQueryData<ListTradesResponse>(ofOther)?.items).toEqual([])
  })

  test('a fact does not hide that an answer was found out of date', () => {
    const cache = new QueryClient()
    const key = listBotsQueryKey()
    cache.setQueryData(key, page('stopped'))
    void cache.invalidateQueries({ queryKey: key })
    applyFact(running, cache)
    expect(cache.getQueryState(key)?.isInvalidated).toBe(true)
  })

  test('a fact that came while an answer was under way is not lost to the older answer', async () => {
    const cache = new QueryClient()
    const log = new FactLog()
    const stop = replayOverFetches(cache, log)
    let answer: (page: ListBotsResponse) => void = () => undefined
    const fetching = cache.query({
      ...listBotsOptions(),
      queryFn: () => new Promise<ListBotsResponse>((resolve) => (answer = resolve)),
    })
    log.accept(running, Date.now())
    applyFact(running, cache)
    answer(page('stopped'))
    await fetching
    expect(cache.getQueryData<ListBotsResponse>(listBotsQueryKey())?.items[0]?.status).toBe('running')
    stop()
  })
})
