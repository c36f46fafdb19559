"""Turns run again, in isolation."""
