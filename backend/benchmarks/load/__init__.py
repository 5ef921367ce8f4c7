"""A fleet of bots on the practice market: real processes, measured from inside the engine's.

fleet           which bots, and how they get into the database
engine_process  the engine as it is, with probes; says each minute what it cost
rig             PostgreSQL, practice market and engine, driven minute by minute
report          what was measured, as figures and as one table
"""
