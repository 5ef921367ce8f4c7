"""Bars in other people's Parquet and CSV files: the many names of columns and ways to write a time."""
