"""Contracts served to their callers: gRPC, and HTTP/JSON."""
