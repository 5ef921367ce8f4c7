"""What parity compares: the product's own lists."""

from flotilla.research.parity.fills import ParityFill, Timed, backtest_fills, in_order

__all__ = ["ParityFill", "Timed", "backtest_fills", "in_order"]
