// Ways to begin: whole definitions that are valid as they stand.
import type { BotDefinition } from '@/api'

export interface Template {
  id: string
  title: string
  idea: string
  definition: BotDefinition
}

const COMMON = {
  capital: '10000',
  symbols: ['AAPL'],
  timeframe: '1Min',
  trading_frequency: null,
  risk_management: {
    position_percent: 20,
    max_open_positions: 5,
    stop_loss_percent: 2,
    take_profit_percent: 4,
    daily_loss_limit_percent: 3,
  },
  start_hour: 0,
  start_minute: 0,
  end_hour: 0,
  end_minute: 0,
} satisfies Partial<BotDefinition>

const RSI = { type: 'indicator', indicator: 'rsi', output: 'rsi' } as const
const FAST = { type: 'indicator', indicator: 'sma', output: 'sma' } as const
const SLOW = { type: 'indicator', indicator: 'sma_2', output: 'sma' } as const
const MACD = { type: 'indicator', indicator: 'macd', output: 'macd' } as const
const SIGNAL = { type: 'indicator', indicator: 'macd', output: 'signal' } as const

export const TEMPLATES: readonly [Template, ...Template[]] = [
  {
    id: 'rsi',
    title: 'RSI mean reversion',
    idea: 'Buys after a sharp fall, when the price tends to come back.',
    definition: {
      ...COMMON,
      name: 'RSI mean reversion',
      indicators: [{ id: 'rsi', name: 'RSI', params: { timeperiod: 14 } }],
      rules: {
        entry: { type: 'all', of: [{ type: 'condition', left: RSI, op: 'crosses_below', right: { type: 'constant', value: 30 } }] },
        exit: { type: 'all', of: [{ type: 'condition', left: RSI, op: 'crosses_above', right: { type: 'constant', value: 60 } }] },
      },
    },
  },
  {
    id: 'sma',
    title: 'SMA cross',
    idea: 'Buys when a fast average rises through a slow one, and follows the trend.',
    definition: {
      ...COMMON,
      name: 'SMA cross',
      timeframe: '5Min',
      indicators: [
        { id: 'sma', name: 'SMA', params: { timeperiod: 10 } },
        { id: 'sma_2', name: 'SMA', params: { timeperiod: 30 } },
      ],
      rules: {
        entry: { type: 'all', of: [{ type: 'condition', left: FAST, op: 'crosses_above', right: SLOW }] },
        exit: { type: 'all', of: [{ type: 'condition', left: FAST, op: 'crosses_below', right: SLOW }] },
      },
    },
  },
  {
    id: 'macd',
    title: 'MACD momentum',
    idea: 'Buys when momentum turns up, sells when it turns down.',
    definition: {
      ...COMMON,
      name: 'MACD momentum',
      timeframe: '5Min',
      indicators: [{ id: 'macd', name: 'MACD', params: { fastperiod: 12, slowperiod: 26, signalperiod: 9 } }],
      rules: {
        entry: { type: 'all', of: [{ type: 'condition', left: MACD, op: 'crosses_above', right: SIGNAL }] },
        exit: { type: 'all', of: [{ type: 'condition', left: MACD, op: 'crosses_below', right: SIGNAL }] },
      },
    },
  },
  {
    id: 'empty',
    title: 'Empty',
    idea: 'Nothing is filled in: build it from the ground.',
    definition: { ...COMMON, name: '', symbols: [], indicators: [], rules: { entry: { type: 'all', of: [] }, exit: null } },
  },
]
