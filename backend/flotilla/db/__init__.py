"""PostgreSQL: engine and sessions, the tables, and the migrations that a wheel carries."""
