import { fireEvent, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { http, HttpResponse } from 'msw'
import { beforeEach, describe, expect, test } from 'vitest'
import { Link } from 'react-router'
import { api } from '@/testing/api'
import { bot } from '@/testing/factories'
import { renderRoutes } from '@/testing/render'
import { NewBotPage } from './NewBotPage'

const open = async () => {
  const view = renderRoutes(
    [
      { path: '/bots/new', element: <><NewBotPage /><Link to="/">Away</Link></> },
      { path: '/', element: <p>Elsewhere</p> },
      { path: '/bots/:id', element: <p>The bot’s page</p> },
    ],
    '/bots/new',
  )
  await screen.findByRole('button', { name: 'Create bot' })
  return view
}
const name = () => screen.getByLabelText<HTMLInputElement>(/^Name/)
const draftKept = () => waitFor(() => expect(Object.keys(localStorage).filter((key) => key.startsWith('flotilla.draft'))).toHaveLength(1))

beforeEach(() => localStorage.clear())

describe('unsaved changes', () => {
  test('leaving asks, and what was typed can be gone on with later', async () => {
    const view = await open()
    fireEvent.change(name(), { target: { value: 'Mine' } })
    await draftKept()
    await userEvent.click(screen.getByRole('link', { name: 'Away' }))
    await userEvent.click(await screen.findByRole('button', { name: 'Stay' }))
    expect(name()).toHaveValue('Mine')
    await userEvent.click(screen.getByRole('link', { name: 'Away' }))
    await userEvent.click(await screen.findByRole('button', { name: 'Keep as a draft' }))
    expect(await screen.findByText('Elsewhere')).toBeVisible()
    view.unmount()

    await open()
    expect(name()).toHaveValue('RSI mean reversion')
    await userEvent.click(screen.getByRole('button', { name: 'Go on with it' }))
    expect(name()).toHaveValue('Mine')
  })

  test('a draft that is discarded is gone', async () => {
    await open()
    fireEvent.change(name(), { target: { value: 'Mine' } })
    await draftKept()
    await userEvent.click(screen.getByRole('link', { name: 'Away' }))
    await userEvent.click(await screen.findByRole('button', { name: 'Discard' }))
    expect(await screen.findByText('Elsewhere')).toBeVisible()
    expect(localStorage).toHaveLength(0)
  })

  test('nothing asks, and nothing is left, once it is saved', async () => {
    api.use(http.post('/api/bots', () => HttpResponse.json(bot({ id: 'made' }), { status: 201 })))
    await open()
    fireEvent.change(name(), { target: { value: 'Mine' } })
    await draftKept()
    await userEvent.click(screen.getByRole('button', { name: 'Create bot' }))
    expect(await screen.findByText('The bot’s page')).toBeVisible()
    await waitFor(() => expect(localStorage).toHaveLength(0))
  })

  test('nothing asks where nothing was changed', async () => {
    await open()
    await userEvent.click(screen.getByRole('link', { name: 'Away' }))
    expect(await screen.findByText('Elsewhere')).toBeVisible()
  })
})
