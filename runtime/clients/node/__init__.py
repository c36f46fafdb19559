"""The client of another node, over gRPC: calls, streams, and actors hosted here for it."""
