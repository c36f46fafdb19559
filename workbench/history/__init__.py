"""SQL over what has happened: the committed journal of an actor system, read into DuckDB.

The only home of duckdb and pyarrow.  Start with `database.HistoryDatabase`; `schema` says what tables there are.
"""
