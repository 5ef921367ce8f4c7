// The numbers and switches of sizing and risk: what each is called, and one sentence of help.
// What each starts with is the server's: in its templates, or in the stored bot.
import type { EntryOrder, RiskManagement, Sizing } from '@/api'

type KeysOf<Type> = { [Key in keyof RiskManagement]: RiskManagement[Key] extends Type ? Key : never }[keyof RiskManagement]

export type RiskFlag = KeysOf<boolean>
export type RiskNumber = Exclude<KeysOf<number | null>, RiskFlag>

export interface RiskField {
  label: string
  help: string
  unit?: '%' | '$' | '×' | 'min'
  /** No fractions. */
  whole?: true
  /** May be left empty: then it is off. */
  optional?: true
}

export const FIELDS: Record<RiskNumber, RiskField> = {
  position_percent: { label: 'Position size', unit: '%', help: 'Of the bot’s equity, in each position.' },
  position_amount: { label: 'Amount', unit: '$', help: 'In each position, however large the bot has become.' },
  position_quantity: { label: 'Quantity', help: 'Shares or coins in each position.' },
  risk_percent: { label: 'Risk per trade', unit: '%', help: 'Of the bot’s equity, lost when the stop is hit. 2 is the well-known 2% rule.' },
  kelly_fraction: { label: 'Part of the Kelly bet', help: 'Of the bet that the bot’s own closed trades suggest; 0.5 is usual. Without an edge it opens nothing more.' },
  kelly_after_trades: { label: 'Trusted after', whole: true, help: 'Closed trades. Until then, the position size counts.' },
  volatility_percent: { label: 'Yearly swing', unit: '%', help: 'That a position should have: a calm symbol gets more money than a wild one.' },
  max_open_positions: { label: 'Max open positions', whole: true, help: 'How many symbols it may hold at once.' },

  stop_loss_percent: { label: 'Stop distance', unit: '%', optional: true, help: 'Between the stop and the price at which the bot decided.' },
  stop_loss_atr: { label: 'Times the ATR', unit: '×', optional: true, help: 'The average true range of 14 bars: wide in wild markets, near in calm ones.' },
  stop_loss_price: { label: 'Stop price', unit: '$', optional: true, help: 'The same for every symbol: use it for a bot with one.' },
  take_profit_percent: { label: 'Target distance', unit: '%', optional: true, help: 'Between the target and the price at which the bot decided.' },
  take_profit_risk: { label: 'Times the risk', unit: '×', optional: true, help: 'The distance to the stop: 2 wins twice what a stop loses.' },

  trailing_stop_percent: { label: 'Trailing distance', unit: '%', optional: true, help: 'The stop follows the best price since the entry at this distance. Empty: it stays.' },
  trailing_activation_percent: { label: 'Starts at a profit of', unit: '%', help: 'From here on the stop follows; 0: at once.' },
  trailing_step_percent: { label: 'Smallest move', unit: '%', help: 'Of the price: the stop is not moved for less.' },
  break_even_percent: { label: 'Break-even at a profit of', unit: '%', optional: true, help: 'The stop then moves to the entry price. Empty: it does not.' },
  break_even_offset_percent: { label: 'Beyond the entry price', unit: '%', help: 'So much profit the moved stop secures; 0: just no loss.' },
  time_stop_minutes: { label: 'Longest time in a position', unit: 'min', whole: true, optional: true, help: 'It is closed after so many minutes. Empty: no time limit.' },

  max_position_account_percent: { label: 'Of the account', unit: '%', optional: true, help: 'The most one position may be, of the whole account’s equity. Empty: no limit.' },
  max_position_amount: { label: 'Amount at most', unit: '$', optional: true, help: 'The most one position may be worth when it is opened. Empty: no limit.' },
  max_symbol_percent: { label: 'One symbol', unit: '%', optional: true, help: 'The most of the bot’s equity in one symbol, additions included. Empty: no limit.' },
  max_exposure_percent: { label: 'All positions together', unit: '%', optional: true, help: 'The most of the bot’s equity in the market at once. Empty: no limit.' },
  max_volume_percent: { label: 'Of the traded volume', unit: '%', optional: true, help: 'The most of a usual minute’s volume in one order. Empty: no limit.' },

  daily_loss_limit_percent: { label: 'Daily loss limit', unit: '%', optional: true, help: 'No new positions that day at this loss. Empty: no limit.' },
  max_drawdown_percent: { label: 'Drawdown limit', unit: '%', optional: true, help: 'No new positions at all at this loss from the highest equity. Empty: no limit.' },
  max_trades_per_day: { label: 'Entries a day', whole: true, optional: true, help: 'The most positions opened in a day. Empty: no limit.' },
  max_consecutive_losses: { label: 'Losses in a row', whole: true, optional: true, help: 'No new positions that day after so many. Empty: no limit.' },
  cooldown_minutes: { label: 'Pause after an exit', unit: 'min', whole: true, help: 'Before the same symbol is entered again; 0: none.' },
  loss_cooldown_minutes: { label: 'Pause after a loss', unit: 'min', whole: true, help: 'Counts instead of the pause after an exit where it is longer; 0: none.' },

  scale_in_steps: { label: 'Additions', whole: true, help: 'How many times a position may be added to; 0: never.' },
  entry_offset_percent: { label: 'Away from the price', unit: '%', help: 'Of the price at which the bot decided. A limit waits on the better side of it (below 0: on the worse), a stop on the worse.' },
  entry_expire_minutes: { label: 'Cancelled after', unit: 'min', whole: true, help: 'An order that was not filled until then is given up.' },
  entry_chase_steps: { label: 'Follows the price', whole: true, help: 'So many times, once a minute, when the price runs away from it; 0: never.' },
  entry_chase_limit_percent: { label: 'At most', unit: '%', help: 'The worst price it follows to, from the one at which the bot decided.' },

  scale_in_distance_percent: { label: 'Price move for each', unit: '%', help: 'Above 0: adds when the position gains. Below 0: adds when it loses.' },
}

export const FLAGS: Record<RiskFlag, Pick<RiskField, 'label' | 'help'>> = {
  fixed_capital: { label: 'Always size by the first capital', help: 'Gains and losses do not change the size of later positions.' },
  fractional: { label: 'Buy fractions of a share', help: 'Small capital is used whole. Stops and targets are then held here, not at the broker.' },
  flatten_at_window_end: { label: 'Close everything at the end', help: 'A minute before the trading window or the session ends.' },
  daily_loss_flatten: { label: 'And close everything', help: 'Not only no new positions: those it holds are closed at the daily limit too.' },
  max_drawdown_flatten: { label: 'And close everything', help: 'Not only no new positions: those it holds are closed at the drawdown limit too.' },
}

interface FieldsChoice {
  label: string
  help: string
  /** The numbers that belong to it. */
  fields: readonly RiskNumber[]
}

export const SIZINGS: Record<Sizing, FieldsChoice> = {
  percent_of_equity: { label: 'Part of its equity', help: 'Grows and shrinks with the bot.', fields: ['position_percent'] },
  fixed_amount: { label: 'Fixed amount', help: 'The same money in each position.', fields: ['position_amount'] },
  fixed_quantity: { label: 'Fixed quantity', help: 'The same number of shares or coins.', fields: ['position_quantity'] },
  risk_per_trade: { label: 'Risk per trade', help: 'The nearer the stop, the larger the position: a stop always costs the same. Needs a stop-loss.', fields: ['risk_percent'] },
  kelly: { label: 'Kelly', help: 'The better its own closed trades were, the larger.', fields: ['kelly_fraction', 'kelly_after_trades', 'position_percent'] },
  volatility_target: { label: 'Volatility target', help: 'Calm symbols get more money, wild ones less.', fields: ['volatility_percent'] },
}

/** What belongs to an entry that waits for its price. */
const WAITING = ['entry_offset_percent', 'entry_expire_minutes'] as const

export const ENTRY_ORDERS: Record<EntryOrder, FieldsChoice> = {
  market: { label: 'At the market', help: 'At once, at whatever the price is.', fields: [] },
  limit: { label: 'With a limit', help: 'Waits for a better price, and may miss the move.', fields: [...WAITING, 'entry_chase_steps', 'entry_chase_limit_percent'] },
  stop: { label: 'With a stop', help: 'Waits until the price has moved on, and pays more for it.', fields: WAITING },
}

export type StopKind = 'none' | 'percent' | 'atr' | 'price'
export type TargetKind = 'none' | 'percent' | 'risk'

interface KindChoice {
  label: string
  help: string
  field: RiskNumber | null
  /** What the field starts with where neither the template nor the stored bot has a number. */
  first?: string
}

export const STOPS: Record<StopKind, KindChoice> = {
  none: { label: 'None', help: 'No loss is too large for it.', field: null },
  percent: { label: 'Percent', help: 'A fixed part of the price.', field: 'stop_loss_percent' },
  atr: { label: 'ATR multiple', help: 'As far as the symbol usually moves, times a number.', field: 'stop_loss_atr', first: '2' },
  price: { label: 'Fixed price', help: 'A price that you choose.', field: 'stop_loss_price' },
}

export const TARGETS: Record<TargetKind, KindChoice> = {
  none: { label: 'None', help: 'Gains may run until the exit rule or a stop ends them.', field: null },
  percent: { label: 'Percent', help: 'A fixed part of the price.', field: 'take_profit_percent' },
  risk: { label: 'Multiple of the risk', help: 'So many times what the stop would lose. Needs a stop-loss.', field: 'take_profit_risk', first: '2' },
}
