"""A Spawn proxy: HTTP endpoints for SDKs over one actor system."""
