"""The market that a backtest trades in: the fill model `bar_open` and its costs (semantics 4)."""
