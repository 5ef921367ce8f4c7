"""The imperative shell: the only long-lived tasks. It knows ports, not adapters, and decides nothing.

market_hub      one market-data connection for all bots: closed minutes, and the bars before them
bot_loop        one bot: fills into its state, a kernel step a minute, orders out
bot_book        what a bot knows of itself: the fold of its fills, and its open orders
account_limits  the limits over all bots of an account: who enters when
signals         what its rules say at a closed minute
step_record     what a step leaves behind: orders to be written, decisions to be kept
order_gateway   row before request; unknown outcomes asked for; every report booked once
reconciliation  what the broker says of our open orders, at start, on reconnection, on a timer
supervisor      makes every bot do what is wanted of it; fences one bot's failure from the others
fleet           a supervisor for each account; fences one account's failure from the others
"""
