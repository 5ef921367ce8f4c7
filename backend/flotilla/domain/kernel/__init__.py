"""One step of a bot, and what a fill does to it. Live trading and backtests call exactly this.

The state is a fold: applying the same fills and steps in the same order gives the same doubles,
wherever it happens (semantics 5). The functions are compiled by Numba over arrays of records:

    codes       the words as numbers                  records     what the arrays hold
    settings    risk settings -> records              clock       what a moment allows
    fills       what a fill does                      money       equity, free cash, exposure
    manage      marks, day, halts, exits, stops       protection  stop and target prices
    enter       entries through the gates             sizing      how much
    resting     entries that wait for their price     said        what came of an entry
    step        both halves, for one bot or all       compiled    how they are compiled
    bot         one live bot's state and steps        account     limits over live bots together
"""
