import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { http, HttpResponse } from 'msw'
import { describe, expect, test } from 'vitest'
import type { BotOut } from '@/api'
import { api } from '@/testing/api'
import { bot, position } from '@/testing/factories'
import { renderRoutes } from '@/testing/render'
import { PositionsPanel } from './PositionsPanel'

const show = async (shown: BotOut) => {
  api.use(http.get('/api/positions', () => HttpResponse.json({ items: [position()], next_cursor: null })))
  renderRoutes([{ path: '/', element: <PositionsPanel bot={shown} /> }], '/')
  await screen.findByText('AAPL')
}

describe('the positions of a bot', () => {
  test('what a stopped one kept can be sold, after a confirmation', async () => {
    let sent: unknown
    await show(bot({ status: 'stopped', desired_status: 'stopped' }))
    api.use(
      http.post('/api/bots/bot-1/stop', async ({ request }) => {
        sent = await request.json()
        return HttpResponse.json(bot({ on_stop: 'flatten' }))
      }),
    )
    await userEvent.click(screen.getByRole('button', { name: 'Sell everything' }))
    const dialog = within(await screen.findByRole('dialog'))
    expect(dialog.getByText(/It holds 1 position worth \$505.00/)).toBeVisible()
    expect(sent).toBeUndefined()
    await userEvent.click(dialog.getByRole('button', { name: 'Sell everything' }))
    await waitFor(() => expect(sent).toEqual({ on_stop: 'flatten' }))
    await waitFor(() => expect(screen.queryByRole('dialog')).not.toBeInTheDocument())
  })

  test('a refusal is said in the dialog', async () => {
    await show(bot())
    api.use(http.post('/api/bots/bot-1/stop', () => HttpResponse.json({ code: 'CONFLICT', detail: 'Not now.', errors: [] }, { status: 409 })))
    await userEvent.click(screen.getByRole('button', { name: 'Sell everything' }))
    await userEvent.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Sell everything' }))
    expect(await screen.findByText('Not now.')).toBeVisible()
  })

  test('a running bot is stopped first', async () => {
    await show(bot({ status: 'running', desired_status: 'running' }))
    expect(screen.queryByRole('button', { name: 'Sell everything' })).not.toBeInTheDocument()
  })
})
