"""Actor systems of other processes as a `SystemApi`: nodes over gRPC, Spawn proxies over HTTP."""
