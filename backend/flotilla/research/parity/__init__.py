"""Whether live trading was what its replay and a backtest say (semantics 8).

seen        bars as first seen, and as they settled
replay      a bot's steps gone through again: bars as first seen, recorded fills and edits, the kernel
gates       what each gate of an entry asked, and with which numbers
decisions   decision parity: the same intents and refusals
fills       what fill parity compares, live and in a backtest
model       the backtest of what a bot traded, from the state that it began with
evidence    what is known of a session that may explain a difference
causes      each difference of the fills with one cause
report      all of it, of one bot and session
"""
