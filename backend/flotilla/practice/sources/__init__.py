"""Where prices come from: one interface (source.py), a synthetic market and a replay of real bars."""
