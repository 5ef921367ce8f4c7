"""Bars in Parquet files.

    FOLDER/<source>/<symbol>/actions.json              splits and dividends
    FOLDER/<source>/<symbol>/<timeframe>/manifest.json which ranges are known, and which files hold them
    FOLDER/<source>/<symbol>/<timeframe>/2024-03.<id>.parquet   the bars of a month, as they were traded

A month's file never changes: a write makes new files, then swaps the manifest, then drops what it no
longer names. Whoever is killed in between leaves files that no manifest names, and the next write
sweeps them away.
"""
