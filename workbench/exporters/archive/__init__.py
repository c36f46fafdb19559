"""A chosen part of a system's past, without its secrets, as one file."""
