"""The decision kernel and its fill model once more, in plain Python: slow, obvious, and the tests' oracle.

It is written from `semantics.md` and decision 0006, with lists and dataclasses where the kernel has
arrays. What is off is None, what is not there is None. Both must agree to the last bit, so sums run in
the same order (cash first, then the bot's symbols in their order) and products from left to right, as
0006 writes them. Read it in the order in which a minute passes:

    state     what a bot has                       clock     what a moment allows
    costs     what a fill costs                    bar_open  which orders a bar fills
    fills     what a fill does to a bot            exits     marks, day, halts, exits, moved stops
    entries   gates                                sizes     how much, and what cuts it
    prices    stops, targets, whole steps          backtest  all of it, minute by minute
"""
