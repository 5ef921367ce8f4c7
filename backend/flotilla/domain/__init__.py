"""The decision core: values in, values out. No I/O, no clock, no tasks.

Read it in the order in which data flows:

    bar         market.py       bars, timeframes, instruments, sessions, trading windows
                time_ranges.py, bar_quality.py, adjustment.py: what is known of a history, which of its
                bars can be used, and prices restated for splits
    indicators  indicators/     the catalogue: series in, series out (the one home of TA-Lib)
    rules       rules/          conditions over indicators and prices; their sentence and explanation
    risk        risk.py         sizing and risk settings, refusal codes and reasons
                placement.py    who holds a position's stop and target: the broker or the engine
    bot         bots.py         a bot's whole definition, and what is wrong with it
                order_rules.py  which orders the broker takes, and what of a bot it would refuse
    order       orders.py       intents, orders, their states and client order ids
    slippage    slippage.py     what an order cost against the price it was decided at
    fill        fills.py        one execution, and the key that makes it count once
    position    positions.py    a holding from flat to flat: average cost, realised P&L
    decision    kernel/         compiled: what a fill does, and one step of a bot - marks, exits, stops that
                                move, entries through the gates; codes.py has its words as numbers
    ledger      ledger.py       a bot's money, in Decimal
    difference  reconciliation.py  the broker against all ledgers: what differs, and why
    event       events.py       the facts that leave: what the browser and the outbox see
    errors      errors.py       everything that can be refused, with its code

Indicators and kernel use float64; ledger, orders and fills use Decimal; time is aware UTC.
"""
