"""Alpaca, through the unmodified alpaca-py: the practice market and the real service alike.

config    addresses and keys of one account
client    REST calls in a bounded thread pool, with a timeout; vendor errors translated
mapping   payloads to our values and back (pure)
broker    orders, account, calendar
history   bars of the past
streams   closed bars, and trade updates
"""
