import { describe, expect, test } from 'vitest'
import { summary } from '@/testing/factories'
import { judge } from './freshness'

const live = { connection: { phase: 'live', since: 0 }, silence: 900, now: 60_000, summary: summary() } as const

describe('freshness', () => {
  test('all is well', () => {
    expect(judge(live)).toMatchObject({ word: 'Live', stale: false, sentence: null })
  })

  test('before the first connection nothing is stale yet', () => {
    expect(judge({ ...live, connection: { phase: 'connecting', since: 0 }, summary: undefined })).toMatchObject({ word: 'Connecting', stale: false })
  })

  test('a lost connection is said first, whatever else is wrong', () => {
    const seen = judge({ ...live, connection: { phase: 'down', since: 30_000 }, summary: summary({ engine_alive: false }) })
    expect(seen).toMatchObject({ word: 'Disconnected', stale: true, phaseAge: 30_000 })
  })

  test('silence, a dead engine, a market without data', () => {
    const { market } = summary()
    expect(judge({ ...live, silence: 11_000 }).word).toBe('Silent')
    expect(judge({ ...live, silence: 11_000, summary: summary({ market: { ...market, rate: 0 } }) }).word).toBe('Live')
    expect(judge({ ...live, silence: 11_000, summary: summary({ engine_alive: false }) }).word).toBe('Engine down')
    expect(judge({ ...live, summary: summary({ engine_alive: false }) }).word).toBe('Engine down')
    expect(judge({ ...live, summary: summary({ market: { ...market, connected: false } }) }).word).toBe('No market data')
  })
})
