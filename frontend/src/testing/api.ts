import { http, HttpResponse } from 'msw'
import { setupServer } from 'msw/node'
import { catalogue, killSwitch, preview, summary, template } from './factories'

/** The API as most tests need it; a test adds what it is about with `api.use`. */
export const api = setupServer(
  http.get('/api/indicators', () => HttpResponse.json(catalogue)),
  http.get('/api/summary', () => HttpResponse.json(summary())),
  http.get('/api/accounts/:id/kill-switch', () => HttpResponse.json(killSwitch())),
  http.post('/api/backtests/preview', () => HttpResponse.json(preview())),
  http.get('/api/templates', () => HttpResponse.json([template()])),
  http.get('/api/market-data/symbols', () => HttpResponse.json([{ symbol: 'AAPL', name: 'Apple Inc.' }])),
)
