// Whole rows as the API sends them; a test names only what it is about.
import openapi from '../../openapi.json'
import type { BotDefinition, BotOut, IndicatorOut, KillSwitchOut, OutputOut, ParameterOut, PositionOut, Preview, RiskManagement, SummaryOut, TemplateOut, TradeOut } from '@/api'

const length = (fallback: number): ParameterOut => ({
  name: 'timeperiod',
  label: 'Length',
  type: 'int',
  default: fallback,
  minimum: 2,
  maximum: 500,
  choices: [],
})
const output = (name: string): OutputOut => ({ name, label: name.toUpperCase(), minimum: null, maximum: null, kind: 'line' })
const entry = (name: string, title: string, rest: Pick<IndicatorOut, 'parameters' | 'outputs'>): IndicatorOut => ({
  name,
  title,
  group: 'momentum',
  explanation: `What ${name} says.`,
  library: 'TA-Lib',
  aliases: [],
  overlay: false,
  anchored: false,
  inputs: ['source'],
  source: 'close',
  constraints: [],
  warm_up: 100,
  ...rest,
})

export const catalogue: IndicatorOut[] = [
  entry('RSI', 'Relative strength index', { parameters: [length(14)], outputs: [output('rsi')] }),
  entry('SMA', 'Simple moving average', { parameters: [length(20)], outputs: [output('sma')] }),
  entry('MACD', 'Moving average convergence/divergence', {
    parameters: [
      { ...length(12), name: 'fastperiod' },
      { ...length(26), name: 'slowperiod' },
      { ...length(9), name: 'signalperiod' },
    ],
    outputs: [output('macd'), output('signal'), output('histogram')],
  }),
  {
    ...entry('BBANDS', 'Bollinger Bands', {
      parameters: [
        length(20),
        { ...length(2), name: 'nbdevup', label: 'Deviations up', type: 'float', minimum: 0.1, maximum: 10 },
        { ...length(0), name: 'matype', label: 'Moving average', type: 'choice', default: 'SMA', minimum: null, maximum: null, choices: ['SMA', 'EMA'] },
      ],
      outputs: [output('upper'), output('lower')],
    }),
    aliases: ['BB'],
  },
]

/** What the server's contract fills in where a person says nothing. */
export const defaultRisk = Object.fromEntries(
  Object.entries(openapi.components.schemas.RiskManagement.properties).map(([name, field]) => [name, 'default' in field ? field.default : null]),
) as RiskManagement

export const bot = (fields: Partial<BotOut> = {}): BotOut => ({
  id: 'bot-1',
  account_id: 'account-1',
  name: 'Alpha',
  capital: '10000',
  symbols: ['AAPL'],
  timeframe: '1Min',
  trading_frequency: 60,
  indicators: [{ id: 'rsi', name: 'RSI', params: { timeperiod: 14 }, timeframe: null, source: 'close' }],
  rules: {
    entry: {
      type: 'condition',
      left: { type: 'indicator', indicator: 'rsi', output: 'rsi', ago: 0 },
      op: 'crosses_below',
      right: { type: 'constant', value: 30 },
    },
    exit: null,
    short_entry: null,
    short_exit: null,
  },
  risk_management: defaultRisk,
  start_hour: 0,
  start_minute: 0,
  end_hour: 0,
  end_minute: 0,
  status: 'stopped',
  desired_status: 'stopped',
  on_stop: 'keep',
  status_reason: null,
  failures: 0,
  next_attempt_at: null,
  definition_error: null,
  version: 1,
  entry_sentence: 'RSI(14) crosses below 30',
  exit_sentence: null,
  short_entry_sentence: null,
  short_exit_sentence: null,
  created_at: '2016-01-04T14:00:00Z',
  updated_at: '2016-01-04T14:00:00Z',
  ...fields,
})

const RSI = { type: 'indicator', indicator: 'rsi', output: 'rsi', ago: 0 } as const

export const definition = (fields: Partial<BotDefinition> = {}): BotDefinition => ({
  name: 'RSI mean reversion',
  capital: '10000',
  symbols: ['AAPL'],
  timeframe: '1Min',
  trading_frequency: null,
  indicators: [{ id: 'rsi', name: 'RSI', params: { timeperiod: 14 }, timeframe: null, source: 'close' }],
  rules: {
    entry: { type: 'all', of: [{ type: 'condition', left: RSI, op: 'crosses_below', right: { type: 'constant', value: 30 } }] },
    exit: { type: 'any', of: [{ type: 'condition', left: RSI, op: 'crosses_above', right: { type: 'constant', value: 60 } }] },
    short_entry: null,
    short_exit: null,
  },
  risk_management: bot().risk_management,
  start_hour: 0,
  start_minute: 0,
  end_hour: 0,
  end_minute: 0,
  ...fields,
})

export const template = (fields: Partial<TemplateOut> = {}): TemplateOut => ({
  id: 'rsi-mean-reversion',
  name: 'RSI mean reversion',
  audience: 'For a first bot.',
  behaviour: 'Buys after a sharp fall.',
  risks: 'It buys again on the way down.',
  definition: definition(),
  sentences: {},
  ...fields,
})

export const trade = (fields: Partial<TradeOut> = {}): TradeOut => ({
  id: 'trade-1',
  bot_id: 'bot-1',
  bot_name: 'Alpha',
  order_id: 'order-1',
  symbol: 'AAPL',
  type: 'buy',
  purpose: 'entry',
  quantity: '5',
  price: '100.50',
  fee: '0',
  profit_loss: null,
  timestamp: '2016-01-04T15:00:00Z',
  indicators_snapshot: {},
  version: 1,
  is_final: true,
  ...fields,
})

export const position = (fields: Partial<PositionOut> = {}): PositionOut => ({
  id: 'position-1',
  bot_id: 'bot-1',
  bot_name: 'Alpha',
  symbol: 'AAPL',
  quantity: '5',
  entry_price: '100.50',
  current_price: '101',
  stop_loss_price: '98.49',
  take_profit_price: '104.52',
  unrealized_pnl: '2.50',
  realized_pnl: '0',
  opened_at: '2016-01-04T15:00:00Z',
  closed_at: null,
  is_open: true,
  ...fields,
})

export const summary = (fields: Partial<SummaryOut> = {}): SummaryOut => ({
  account: {
    id: 'account-1',
    name: 'Practice',
    kind: 'practice',
    equity: '100000',
    cash: '90000',
    day_pnl: '12.50',
    as_of: '2016-01-04T15:00:00Z',
  },
  market: {
    now: '2016-01-04T15:00:00Z',
    is_open: true,
    session_close: '2016-01-04T21:00:00Z',
    next_open: null,
    rate: 60,
    source: 'synthetic',
    connected: true,
  },
  engine_alive: true,
  bots_total: 1,
  bots_running: 1,
  bots_in_error: 0,
  open_positions: 0,
  trades_today: 0,
  bots: [],
  ...fields,
})

export const preview = (fields: Partial<Preview> = {}): Preview => ({
  source: 'practice',
  first: '2015-10-03',
  last: '2016-01-03',
  bots: ['Preview'],
  symbols: ['AAPL'],
  capital: '10000',
  minutes: 24180,
  metrics: {
    returns: { days: 62, total_return: 0.0123, net_profit: 123, cagr: 0.05, volatility: 0.1, sharpe: 1.234, sortino: 1.5, best_day: 0.01, best_day_time: null, worst_day: -0.01, worst_day_time: null, ruined_at: null },
    drawdown: { max_drawdown: 0.0456, max_drawdown_usd: 456, peak_time: null, trough_time: null, recovery_time: null, recovered: true, duration: 0, longest_duration: 0, time_under_water: 0.5, calmar: null },
    trades: {
      trades: 2, wins: 1, losses: 1, net_profit: 123, gross_profit: 200, gross_loss: -77, total_fees: 1, win_rate: 0.5, profit_factor: 2.6, expectancy: 61.5, expectancy_r: null, r_trades: 0,
      sqn: null, sqn_basis: null, average_win: 200, average_loss: -77, payoff_ratio: 2.6, largest_win: 200, largest_loss: -77, longest_win_streak: 1, longest_loss_streak: 1, average_mae: null,
      average_mfe: null, average_bars_held: null, average_time_held: null, kelly: null,
    },
    activity: { traded_value: 4000, turnover: 0.4, time_in_market: 0.3, average_exposure: 0.05, maximum_exposure: 0.1 },
    benchmark: { total_return: 0.0957, cagr: null, volatility: null, sharpe: null, max_drawdown: 0.1, excess_return: -0.08, alpha: null, beta: null, correlation: null },
  },
  confidence: { level: 0.95, resamples: 200, cagr: null, sharpe: { lower: -0.5, upper: 2.5 }, sortino: null, max_drawdown: null, win_rate: null, expectancy: null, profit_factor: { lower: 0.8, upper: null } },
  verdict: { marks: [], sentence: 'Two trades say nothing.' },
  remarks: [],
  refusals: [],
  exits: [],
  trades_total: 1,
  markers_total: 2,
  curve: { times: [1451917800, 1451917860], equity: [10000, 10123], drawdown: [0, 0], benchmark: [10000, 10957] },
  trades: [
    {
      bot: 0, symbol: 'AAPL', side: 'long', entry_time: '2016-01-04T15:00:00Z', exit_time: '2016-01-04T15:30:00Z', quantity: '5', entry_price: '100', exit_price: '102', profit: '10', fees: '0',
      mae: '-1', mfe: '11', r: null, bars: 30, purpose: 'take_profit', reason: 'target_touched',
    },
  ],
  markers: [],
  ...fields,
})

export const killSwitch = (changes: Partial<KillSwitchOut> = {}): KillSwitchOut => ({
  account_id: 'account',
  engaged: false,
  flatten: false,
  unmanaged: false,
  engaged_at: null,
  released_at: null,
  consequences: { bots: 2, entries: 1, orders: 3, positions: 1, unmanaged: 0, value: '1500', unrealized_pnl: '25' },
  ...changes,
})
