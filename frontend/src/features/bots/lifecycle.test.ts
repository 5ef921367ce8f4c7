import { describe, expect, test } from 'vitest'
import type { BotOut } from '@/api'
import { botState } from '@/shared/ui/StatusChip'
import { isAtRest, mayPause, mayResume, mayStart, mayStop } from './lifecycle'

type State = Pick<BotOut, 'status' | 'desired_status'>

const verbs = (state: State) => ({
  start: mayStart(state),
  pause: mayPause(state),
  resume: mayResume(state),
  stop: mayStop(state),
  delete: isAtRest(state),
})
const allowed = (state: State) => Object.entries(verbs(state)).flatMap(([verb, may]) => (may ? [verb] : []))
const word = (state: State, attempt: string | null = null) => botState({ ...state, status_reason: null, next_attempt_at: attempt })

describe('the life of a bot', () => {
  test.each([
    ['stopped', 'stopped', 'Stopped', ['start', 'delete']],
    ['stopped', 'running', 'Starting', ['pause', 'stop']],
    ['running', 'running', 'Running', ['pause', 'stop']],
    ['running', 'paused', 'Pausing', ['resume', 'stop']],
    ['paused', 'paused', 'Paused', ['resume', 'stop']],
    ['paused', 'running', 'Starting', ['pause', 'stop']],
    ['paused', 'stopped', 'Stopping', ['start']],
    ['stopping', 'stopped', 'Stopping', ['start']],
    ['error', 'running', 'Error', ['start', 'stop']],
    ['error', 'stopped', 'Error', ['start', 'delete']],
  ] as const)('%s, wanted %s: it says %s', (status, desired, said, may) => {
    const state = { status, desired_status: desired }
    expect(word(state)).toBe(said)
    expect(allowed(state)).toEqual(may)
  })

  test('one that waits for its next attempt says so', () => {
    expect(word({ status: 'starting', desired_status: 'running' }, '2026-03-10T15:00:00Z')).toBe('Retrying')
  })
})
