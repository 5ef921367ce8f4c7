"""The decision kernel: against its plain-Python twin, by table, and by property."""
