"""Headers that both sides of a connection to a node know."""

from __future__ import annotations

CLIENT = "workbench-client"
"""What a process calls itself, percent-encoded."""

ADMITTED = ("workbench-admitted", "1")
"""Begins the answer to a stream that a node has let in: what is written to the stream from then on is read."""
