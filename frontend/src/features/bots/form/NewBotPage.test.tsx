import { fireEvent, screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { http, HttpResponse } from 'msw'
import { describe, expect, test } from 'vitest'
import type { BotDefinition } from '@/api'
import { api } from '@/testing/api'
import { bot, defaultRisk, definition, template } from '@/testing/factories'
import { renderRoutes } from '@/testing/render'
import { NewBotPage } from './NewBotPage'

const open = async () => {
  const view = renderRoutes([{ path: '/bots/new', element: <NewBotPage /> }, { path: '/bots/:id', element: <p>The bot’s page</p> }], '/bots/new')
  await screen.findByRole('button', { name: 'Create bot' })
  return view
}

const refuse = (...errors: { field: string; message: string }[]) =>
  api.use(http.post('/api/bots', () => HttpResponse.json({ code: 'INVALID', detail: 'Some fields need attention.', errors }, { status: 422 })))

const save = () => userEvent.click(screen.getByRole('button', { name: 'Create bot' }))

/** Accept the form; answers what was sent. */
function sending() {
  let sent: BotDefinition | undefined
  api.use(
    http.post('/api/bots', async ({ request }) => {
      sent = (await request.json()) as BotDefinition
      return HttpResponse.json(bot(), { status: 201 })
    }),
  )
  return () => {
    if (!sent) throw new Error('nothing was sent')
    return sent
  }
}

const choose = async (select: HTMLElement, option: RegExp | string) => {
  await userEvent.click(select)
  await userEvent.click(await screen.findByRole('option', { name: option }))
}

describe('the form of a new bot', () => {
  test('sends what the template says and goes to the bot', async () => {
    let sent: BotDefinition | undefined
    api.use(
      http.post('/api/bots', async ({ request }) => {
        sent = (await request.json()) as BotDefinition
        return HttpResponse.json(bot({ id: 'made', name: sent.name }), { status: 201 })
      }),
    )
    await open()
    await userEvent.clear(screen.getByLabelText(/^Name/))
    await userEvent.type(screen.getByLabelText(/^Name/), 'Mine')
    await save()
    expect(await screen.findByText('The bot’s page')).toBeVisible()
    expect(sent).toMatchObject({
      name: 'Mine',
      capital: '10000',
      symbols: ['AAPL'],
      indicators: [{ id: 'rsi', name: 'RSI', params: { timeperiod: 14 }, source: 'close' }],
    })
  })

  test('finds an indicator by another of its names, and sends its choices and its source', async () => {
    let sent: BotDefinition | undefined
    api.use(
      http.post('/api/bots', async ({ request }) => {
        sent = (await request.json()) as BotDefinition
        return HttpResponse.json(bot(), { status: 201 })
      }),
    )
    await open()
    await userEvent.type(screen.getByRole('combobox', { name: 'Add indicator' }), 'bb')
    await userEvent.click(await screen.findByRole('option', { name: /Bollinger Bands/ }))
    const bands = within(screen.getByRole('group', { name: 'Indicator bbands' }))
    await userEvent.clear(bands.getByLabelText('Deviations up'))
    await userEvent.type(bands.getByLabelText('Deviations up'), '2.5')
    await userEvent.click(bands.getByRole('combobox', { name: 'Moving average' }))
    await userEvent.click(await screen.findByRole('option', { name: 'EMA' }))
    await userEvent.click(bands.getByRole('combobox', { name: 'Source' }))
    await userEvent.click(await screen.findByRole('option', { name: 'hlc3' }))
    await save()
    await screen.findByText('The bot’s page')
    expect(sent?.indicators[1]).toEqual({
      id: 'bbands',
      name: 'BBANDS',
      params: { timeperiod: 20, nbdevup: 2.5, matype: 'EMA' },
      source: 'hlc3',
      timeframe: null,
    })
  })

  test('shows each of the server’s sentences beside its field, and goes to the first', async () => {
    refuse(
      { field: 'capital', message: 'Capital must be more than zero.' },
      { field: 'symbols.0', message: 'AAPL is not a symbol the account can trade.' },
      { field: 'rules.entry.of.0.right.value', message: 'Enter a number.' },
      { field: 'rules.exit', message: 'The rule is empty: add at least one condition.' },
      { field: 'account', message: 'The account is closed.' },
    )
    await open()
    await save()
    const capital = screen.getByLabelText(/^Capital/)
    await waitFor(() => expect(capital).toHaveAccessibleDescription('Capital must be more than zero.'))
    await waitFor(() => expect(capital).toHaveFocus())
    expect(screen.getByRole('combobox', { name: 'Symbols' })).toHaveAccessibleDescription(/AAPL is not a symbol/)
    expect(screen.getAllByLabelText('Right value: number')[0]).toHaveAccessibleDescription('Enter a number.')
    expect(within(screen.getByRole('region', { name: 'Exit rule' })).getByRole('alert')).toHaveTextContent('The rule is empty')
    expect(screen.getByText(/4 fields need attention.*The account is closed/)).toBeVisible()
  })

  test('what is wrong is taken back when its field changes, and only there', async () => {
    refuse({ field: 'name', message: 'Give the bot a name.' }, { field: 'capital', message: 'Capital must be more than zero.' })
    await open()
    await save()
    await screen.findByText('Give the bot a name.')
    await userEvent.type(screen.getByLabelText(/^Name/), 'x')
    expect(screen.queryByText('Give the bot a name.')).not.toBeInTheDocument()
    expect(screen.getByText('Capital must be more than zero.')).toBeVisible()
  })

  test('a number that is none is said here, and nothing is sent', async () => {
    let sent = 0
    api.use(http.post('/api/bots', () => ((sent += 1), HttpResponse.json(bot(), { status: 201 }))))
    await open()
    await userEvent.clear(screen.getByLabelText(/^Length/))
    await save()
    expect(screen.getByLabelText(/^Length/)).toHaveAccessibleDescription('Enter a whole number.')
    await waitFor(() => expect(screen.getByLabelText(/^Length/)).toHaveFocus())
    expect(sent).toBe(0)
  })

  test('the rule reads back as a sentence while it is built', async () => {
    await open()
    const entry = within(screen.getByRole('region', { name: 'Entry rule' }))
    await userEvent.click(entry.getByRole('button', { name: 'Add condition' }))
    await userEvent.type(entry.getAllByLabelText('Right value: number')[1] ?? document.body, '5')
    expect(screen.getByText('RSI(14) crosses below 30 and RSI(14) is above 5')).toBeVisible()
    await userEvent.click(within(entry.getByRole('group', { name: 'Condition 1' })).getByRole('button', { name: 'Not' }))
    expect(screen.getByText('not (RSI(14) crosses below 30) and RSI(14) is above 5')).toBeVisible()
    await userEvent.click(entry.getByRole('button', { name: 'Remove condition 2' }))
    expect(screen.getByText('not (RSI(14) crosses below 30)')).toBeVisible()
  })

  test('symbols may be typed: several at once, in any case, with or without Enter', async () => {
    let sent: BotDefinition | undefined
    api.use(
      http.post('/api/bots', async ({ request }) => {
        sent = (await request.json()) as BotDefinition
        return HttpResponse.json(bot(), { status: 201 })
      }),
    )
    await open()
    await userEvent.type(screen.getByRole('combobox', { name: 'Symbols' }), 'msft, spy{Enter}')
    await userEvent.type(screen.getByRole('combobox', { name: 'Symbols' }), 'nope')
    await save()
    await waitFor(() => expect(sent?.symbols).toEqual(['AAPL', 'MSFT', 'SPY', 'NOPE']))
  })

  test('shows the number of the chosen kinds, and sends those only', async () => {
    const sent = sending()
    await open()
    const risk = within(screen.getByRole('region', { name: 'Size and risk' }))
    await choose(risk.getByRole('combobox', { name: 'Stop-loss' }), /^ATR multiple/)
    expect(risk.getByLabelText('Times the ATR')).toHaveValue('2')
    await choose(risk.getByRole('combobox', { name: 'Size' }), /^Fixed amount/)
    fireEvent.change(risk.getByLabelText('Amount'), { target: { value: '1,500' } })
    expect(risk.queryByLabelText('Position size')).not.toBeInTheDocument()
    expect(screen.getByText(/Sells 2 times the average true range below/)).toBeVisible()
    await save()
    await screen.findByText('The bot’s page')
    expect(sent().risk_management).toEqual({ ...defaultRisk, sizing: 'fixed_amount', position_amount: 1500, stop_loss_percent: null, stop_loss_atr: 2 })
  })

  test('a closed group says what is set, and opens where something is wrong', async () => {
    refuse({ field: 'risk_management.max_drawdown_percent', message: 'Must be above 0 and at most 100.' })
    await open()
    const group = screen.getByRole('button', { name: /^Limits on losses and entries/ })
    expect(group).toHaveTextContent('Opens nothing more that day after a loss of 3%')
    expect(group).toHaveAttribute('aria-expanded', 'false')
    await save()
    const limit = await screen.findByLabelText('Drawdown limit')
    await waitFor(() => expect(limit).toHaveAccessibleDescription('Must be above 0 and at most 100.'))
    await waitFor(() => expect(limit).toHaveFocus())
    await userEvent.type(limit, '20')
    expect(limit).not.toHaveAccessibleDescription('Must be above 0 and at most 100.')
    expect(group).toHaveAttribute('aria-expanded', 'true')
    expect(group).toHaveTextContent('opens nothing more at all 20% below its highest equity')
  })

  test('the short side has its rules, and the long one may then be empty', async () => {
    const sent = sending()
    await open()
    await userEvent.click(screen.getByRole('switch', { name: 'Also sells short' }))
    const short = within(screen.getByRole('region', { name: 'Short entry rule' }))
    await userEvent.click(short.getByRole('button', { name: 'Add condition' }))
    await choose(short.getByRole('combobox', { name: 'Comparison' }), 'has been falling')
    await userEvent.click(within(screen.getByRole('region', { name: 'Entry rule' })).getByRole('button', { name: 'Remove condition 1' }))
    await userEvent.click(screen.getByRole('switch', { name: 'Also sells short' }))
    expect(screen.queryByText('RSI(14) has been falling for 3 bars')).not.toBeInTheDocument()
    await userEvent.click(screen.getByRole('switch', { name: 'Also sells short' }))
    expect(screen.getByText('RSI(14) has been falling for 3 bars')).toBeVisible()
    await save()
    await screen.findByText('The bot’s page')
    const value = { type: 'indicator', indicator: 'rsi', output: 'rsi', ago: 0 }
    expect(sent().rules).toMatchObject({
      entry: null,
      short_entry: { type: 'all', of: [{ type: 'trend', value, direction: 'falling', bars: 3 }] },
      short_exit: null,
    })
  })

  test('a condition takes an earlier bar, and several bars in a row', async () => {
    const sent = sending()
    await open()
    const first = within(within(screen.getByRole('region', { name: 'Entry rule' })).getByRole('group', { name: 'Condition 1' }))
    await userEvent.click(first.getByRole('button', { name: 'More on condition 1' }))
    fireEvent.change(first.getByLabelText('Left value: bars ago'), { target: { value: '2' } })
    await userEvent.type(first.getByLabelText('Bars in a row'), '12')
    expect(screen.getByText('RSI(14) 2 bars ago crosses below 30 for 12 bars in a row')).toBeVisible()
    await save()
    await screen.findByText('The bot’s page')
    expect(sent().rules.entry).toMatchObject({ of: [{ type: 'held', bars: 12, of: { type: 'condition', left: { ago: 2 } } }] })
  })

  test('another template asks before it takes what was typed', async () => {
    api.use(http.get('/api/templates', () => HttpResponse.json([template(), template({ id: 'macd', name: 'MACD', definition: definition({ name: 'From MACD' }) })])))
    await open()
    await userEvent.click(screen.getByRole('button', { name: 'MACD' }))
    expect(screen.getByLabelText(/^Name/)).toHaveValue('From MACD')
    await userEvent.type(screen.getByLabelText(/^Name/), ' mine')
    await userEvent.click(screen.getByRole('button', { name: 'RSI mean reversion' }))
    await userEvent.click(await screen.findByRole('button', { name: 'Keep what I have' }))
    expect(screen.getByLabelText(/^Name/)).toHaveValue('From MACD mine')
    await waitFor(() => expect(screen.queryByRole('dialog')).not.toBeInTheDocument())
    await userEvent.click(screen.getByRole('button', { name: 'RSI mean reversion' }))
    await userEvent.click(await screen.findByRole('button', { name: 'Start over' }))
    await waitFor(() => expect(screen.getByLabelText(/^Name/)).toHaveValue('RSI mean reversion'))
  })
})
