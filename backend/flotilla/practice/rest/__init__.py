"""Alpaca's REST paths, and the market's own control under /practice."""
