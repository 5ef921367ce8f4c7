// jsdom lacks what the page's libraries ask for; the API is played by MSW, and unknown requests fail.
import '@testing-library/jest-dom/vitest'
import { cleanup, configure } from '@testing-library/react'
import { afterAll, afterEach, beforeAll, vi } from 'vitest'
import { api } from './api'

const nothing = () => undefined

// Charts draw on a canvas, which jsdom has not: they are looked at in the browser tests.
vi.mock('@/shared/charts/CurveChart', () => ({ CurveChart: () => null }))
vi.mock('@/shared/charts/StudyChart', () => ({ StudyChart: () => null }))

const listening = { addEventListener: nothing, removeEventListener: nothing, addListener: nothing, removeListener: nothing }
window.matchMedia = (media) => ({ ...listening, matches: false, media, onchange: null }) as unknown as MediaQueryList

// How long `findBy` and `waitFor` look: a busy machine is no failure.
configure({ asyncUtilTimeout: 10_000 })

beforeAll(() => api.listen({ onUnhandledRequest: 'error' }))
afterEach(() => {
  cleanup()
  api.resetHandlers()
})
afterAll(() => api.close())
