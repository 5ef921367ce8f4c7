"""The programs: `run` (all of it on one machine), `api`, `engine`, `practice`, and their command line."""
