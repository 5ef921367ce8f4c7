"""Drivers of the decision core over history, and the history itself.

Read in the order of the flow: bar_import and history fill the bar store and read it, marks say what of
it is missing.
"""
