"""The two WebSocket protocols: trade updates and market data."""
