"""A Spawn actor host: actors of this process behind a Spawn proxy."""
