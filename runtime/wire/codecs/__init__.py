"""Payloads, arguments and states to and from JSON and protobuf."""
