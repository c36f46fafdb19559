"""The client of a Spawn proxy, over HTTP."""
