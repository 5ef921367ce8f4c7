"""The imperative shell: the only long-lived tasks. It knows ports, not adapters, and decides nothing.

market_hub      one market-data connection for all bots: closed minutes, and the bars before them
bot_loop        one bot: fills into its state, a kernel step a minute, orders out
bot_book        what a bot knows of itself: the fold of its fills, and its open orders
account_limits  the limits over all bots of an account: who enters when
signals         what its rules say at a closed minute
step_record     what a step leaves behind: orders to be written, decisions to be kept
order_gateway   row before request; unknown outcomes asked for; every report booked once
order_line      which order goes now, which waits for another one of the account; wash_guard is its rule
opposed         which symbols two bots may trade on both sides
request_budget  the broker's requests a minute, by priority; budgeted_broker makes every request wait for it
reconciliation  what the broker says of our open orders, at start, on reconnection, on a timer
account_watch   all ledgers against the broker's positions and cash; activity_reader finds the causes of what
                differs, account_desk carries out the remedies
supervisor      makes every bot do what is wanted of it; fences one bot's failure from the others
fleet           a supervisor for each account; fences one account's failure from the others
"""
