"""SQL over the committed journal of an actor system, read into DuckDB; start with `database.HistoryDatabase`."""
