"""Backtests: histories, the kernel driven over them, and what the results are worth."""
