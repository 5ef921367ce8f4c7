import { act, screen, waitFor } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { expect, test, vi } from 'vitest'
import { setPhase } from '@/realtime/connection'
import { api } from '@/testing/api'
import { summary } from '@/testing/factories'
import { renderRoutes } from '@/testing/render'
import { Shell } from './Shell'

test('a lost connection is said at once, and taken back when it returns', async () => {
  window.scrollTo = vi.fn()
  api.use(http.get('/api/summary', () => HttpResponse.json(summary())))
  act(() => setPhase('live'))
  renderRoutes([{ path: '/', element: <Shell /> }], '/')
  expect(await screen.findByText('Practice')).toBeVisible()
  expect(screen.getByRole('group', { name: 'Connection' })).toHaveTextContent('Live')
  expect(screen.queryByRole('alert')).not.toBeInTheDocument()

  act(() => setPhase('down'))
  expect(screen.getByRole('alert')).toHaveTextContent('The connection to Flotilla is lost')
  expect(screen.getByRole('group', { name: 'Connection' })).toHaveTextContent('Disconnected')
  expect(screen.getByRole('main')).toHaveAttribute('data-stale')

  act(() => setPhase('live'))
  await waitFor(() => expect(screen.queryByRole('alert')).not.toBeInTheDocument())
})

test('an engine that is not running is said although the connection stands', async () => {
  window.scrollTo = vi.fn()
  api.use(http.get('/api/summary', () => HttpResponse.json(summary({ engine_alive: false }))))
  act(() => setPhase('live'))
  renderRoutes([{ path: '/', element: <Shell /> }], '/')
  expect(await screen.findByRole('alert')).toHaveTextContent('The engine is not running')
})
