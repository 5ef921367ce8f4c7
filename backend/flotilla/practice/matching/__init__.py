"""The matching core: pure, no I/O, no clock. Time and prices are passed in; the result is changes.

orders -> account -> book -> checks -> acceptance -> walk -> fill_model -> bar_open, quotes -> settlement ->
market: read in this order.
"""
