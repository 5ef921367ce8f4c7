"""The kernel's words as numbers: what an order is for, why, and what a minute or a bar allows."""

from typing import Final

# What an order is for.
NOTHING: Final = 0
ENTRY: Final = 1
EXIT: Final = 2
FLATTEN: Final = 3
STOP_LOSS: Final = 4
TAKE_PROFIT: Final = 5

# What became of a signal.
ENTERED: Final = 1
EXITED: Final = 2
REFUSED: Final = 3

# Why an order was made.
SIGNAL: Final = 1
SCALE_IN: Final = 2
STOPPING: Final = 3
UNFINISHED: Final = 4
DAILY_LOSS: Final = 5
DRAWDOWN: Final = 6
WINDOW_END: Final = 7
TIME_STOP: Final = 8
STOP_TOUCHED: Final = 9
TARGET_TOUCHED: Final = 10
ENTRY_EXPIRED: Final = 11
ENTRY_WITHDRAWN: Final = 12
ENTRY_CHASED: Final = 13

# How an order is priced, and what is done with it.
AT_MARKET: Final = 0
AT_LIMIT: Final = 1
AT_STOP: Final = 2
PLACE: Final = 0
REPLACE: Final = 1
CANCEL: Final = 2

# Why an entry was refused, or what made it smaller. In the order of the gates.
NONE: Final = 0
NOT_RUNNING: Final = 1
STALE_DATA: Final = 2
WARMING_UP: Final = 3
OUTSIDE_WINDOW: Final = 4
MARKET_CLOSING: Final = 5
DAILY_LOSS_HALT: Final = 6
DRAWDOWN_HALT: Final = 7
LOSS_STREAK_HALT: Final = 8
TRADES_A_DAY: Final = 9
COOLDOWN: Final = 10
ORDER_PENDING: Final = 11
POSITION_HELD: Final = 12
CONFLICTING_SIGNALS: Final = 13
MAX_OPEN_POSITIONS: Final = 14
STOP_BEYOND_PRICE: Final = 15
NO_EDGE: Final = 16
SIZE_TOO_SMALL: Final = 17
POSITION_CAP: Final = 18
SYMBOL_CAP: Final = 19
EXPOSURE_CAP: Final = 20
LIQUIDITY_CAP: Final = 21
ACCOUNT_LIMIT: Final = 22
INSUFFICIENT_CASH: Final = 23
UNRECONCILED: Final = 24

# Sizing.
BY_PERCENT: Final = 0
BY_AMOUNT: Final = 1
BY_QUANTITY: Final = 2
BY_RISK: Final = 3
BY_KELLY: Final = 4
BY_VOLATILITY: Final = 5

# Stop and target.
OFF: Final = 0
PERCENT: Final = 1
ATR: Final = 2
PRICE: Final = 3
RISK_MULTIPLE: Final = 4

# What a tau allows a bot: bits of `Market.flags`.
IN_WINDOW: Final = 1
CLOSING: Final = 2  # no further base minute in the session
FLATTEN_DUE: Final = 4
NO_ENTRIES: Final = 8
NO_RULES: Final = 16
FLATTEN_ALL: Final = 32
NEXT_SESSION: Final = 64  # the session is over, and orders wait for the next one's first bar
HELD_BACK: Final = 128  # broker and books differ in what the bot trades

# What is known of a symbol at a tau: bits of `Market.signals`.
EVALUATED: Final = 1  # the rules were asked, about a bar that they had not seen
ENTER_LONG: Final = 2
ENTER_SHORT: Final = 4
ENTRY_SIGNALS: Final = ENTER_LONG | ENTER_SHORT
EXIT_LONG: Final = 8
EXIT_SHORT: Final = 16
WARMED_UP: Final = 32
FRESH: Final = 64
MUST_GO: Final = 128  # what is held is sold, whatever the rules say
