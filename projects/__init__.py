"""Projects and accounts, the event log, and the life of every long-running run."""
