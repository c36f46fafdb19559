"""The database of a real Spawn proxy, read."""
