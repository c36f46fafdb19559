"""A system's state and history as one HTML file."""
