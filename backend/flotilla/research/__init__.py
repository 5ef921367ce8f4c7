"""Drivers of the decision core over history, and the history itself.

Read in the order of the flow: bar_import and fetch fill the bar store, history reads it, marks say what of
it is missing.
"""
