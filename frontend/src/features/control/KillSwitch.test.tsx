import { screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { http, HttpResponse } from 'msw'
import { expect, test } from 'vitest'
import { api } from '@/testing/api'
import { killSwitch } from '@/testing/factories'
import { renderRoutes } from '@/testing/render'
import { KillSwitchBanner } from './KillSwitchBanner'
import { KillSwitchButton } from './KillSwitchButton'

test('it is confirmed once with its consequences, unmistakable while it is on, and released', async () => {
  let now = killSwitch()
  const asked: unknown[] = []
  api.use(
    http.get('/api/accounts/:id/kill-switch', () => HttpResponse.json(now)),
    http.post('/api/accounts/:id/kill-switch', async ({ request }) => {
      asked.push(await request.json())
      now = killSwitch({ engaged: true, flatten: true })
      return HttpResponse.json(now)
    }),
    http.post('/api/accounts/:id/kill-switch/release', () => {
      now = killSwitch()
      return HttpResponse.json(now)
    }),
  )
  renderRoutes([{ path: '/', element: <><KillSwitchButton /><KillSwitchBanner /></> }], '/')
  const user = userEvent.setup()
  await user.click(await screen.findByRole('button', { name: 'Kill switch' }))
  expect(screen.getByText(/2 bots open nothing more; 1 open entry order is cancelled/)).toBeVisible()
  await user.click(screen.getByRole('radio', { name: 'And close what the bots hold' }))
  await user.click(screen.getByRole('button', { name: 'Stop and close' }))
  expect(await screen.findByText(/The kill switch is on: no bot enters, and what the bots hold/)).toBeInTheDocument()
  expect(asked).toEqual([{ flatten: true, unmanaged: false }])
  await user.click(await screen.findByRole('button', { name: 'Release' }))
  expect(await screen.findByRole('button', { name: 'Kill switch' })).toBeInTheDocument()
})
