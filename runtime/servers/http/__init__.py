"""The HTTP/1.1 server under the Spawn proxy and the Spawn host."""
