import { fireEvent, screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { delay, http, HttpResponse } from 'msw'
import { describe, expect, test } from 'vitest'
import type { PreviewRequest } from '@/api'
import { api } from '@/testing/api'
import { preview } from '@/testing/factories'
import { renderRoutes } from '@/testing/render'
import { NewBotPage } from '../NewBotPage'

/** Answer each test by its stop-loss; answers what was asked, in order. */
function testing(slow = new Set<number>()) {
  const asked: PreviewRequest[] = []
  api.use(
    http.post('/api/backtests/preview', async ({ request }) => {
      const body = (await request.json()) as PreviewRequest
      asked.push(body)
      const stop = body.bot.risk_management.stop_loss_percent ?? 0
      if (slow.has(stop)) await delay('infinite')
      const found = preview()
      found.metrics.trades.trades = stop * 100
      return HttpResponse.json(found)
    }),
  )
  return asked
}

const open = async () => {
  renderRoutes([{ path: '/bots/new', element: <NewBotPage /> }], '/bots/new')
  const panel = await screen.findByRole('region', { name: 'Live backtest' })
  await within(panel).findByText('Two trades say nothing.')
  return panel
}

const stop = (value: string) => fireEvent.change(screen.getByLabelText(/^Stop distance/), { target: { value } })

describe('the live backtest', () => {
  test('tests what is typed, once it has settled, and shows figures with their intervals', async () => {
    const asked = testing()
    const panel = await open()
    const figures = within(panel).getByLabelText('Key figures of the test')
    expect(figures).toHaveTextContent('+1.23%')
    expect(figures).toHaveTextContent('holding: +9.57%')
    expect(figures).toHaveTextContent('\u22120.5 to 2.5')
    expect(figures).toHaveTextContent('at least 0.8')
    expect(asked.at(-1)).toMatchObject({ first: '2015-10-03', last: '2016-01-03', bot: { symbols: ['AAPL'] } })
    const before = asked.length
    stop('3')
    stop('4')
    await waitFor(() => expect(figures).toHaveTextContent('400'))
    expect(asked.slice(before).map(({ bot }) => bot.risk_management.stop_loss_percent)).toEqual([4])
    expect(new Set(asked.map(({ client }) => client)).size).toBe(1)
  })

  test('a newer test does not wait for the one before', async () => {
    testing(new Set([3]))
    const panel = await open()
    stop('3')
    await waitFor(() => expect(within(panel).getByRole('progressbar', { hidden: true })).toBeVisible())
    stop('4')
    await waitFor(() => expect(panel).toHaveTextContent('400'))
  })

  test('what cannot be tested keeps the last result, and says why', async () => {
    const asked = testing()
    const panel = await open()
    const before = asked.length
    stop('')
    expect(await within(panel).findByText(/This is from before your last change/)).toBeVisible()
    expect(within(panel).getByLabelText('Key figures of the test')).toBeVisible()
    expect(asked.length).toBe(before)
  })

  test('the server’s reasons are shown, and so is a failure', async () => {
    api.use(http.post('/api/backtests/preview', () => HttpResponse.json({ code: 'NO_BARS', detail: 'x', errors: [{ field: 'bot.symbols.0', message: 'There are no bars of AAPL.' }] }, { status: 422 })))
    renderRoutes([{ path: '/bots/new', element: <NewBotPage /> }], '/bots/new')
    expect(await screen.findByText(/There are no bars of AAPL/)).toBeVisible()
    api.use(http.post('/api/backtests/preview', () => HttpResponse.json({ code: 'UNAVAILABLE', detail: 'The market does not answer.', errors: [] }, { status: 503 })))
    stop('7')
    expect(await screen.findByText('The market does not answer.')).toBeVisible()
  })

  test('its trades say how they ended', async () => {
    testing()
    const panel = await open()
    await userEvent.click(within(panel).getByRole('tab', { name: 'Trades' }))
    const row = within(await within(panel).findByRole('table', { name: 'Trades of the test' })).getByRole('row', { name: /AAPL/ })
    expect(row).toHaveTextContent('100.00 → 102.00')
    expect(row).toHaveTextContent('Target')
  })
})
