"""The matching core: pure, no I/O, no clock. Time and prices are passed in; the result is changes.

orders -> account -> book -> checks -> fill_model -> market: read in this order.
"""
