"""View models of an actor's past: what it was, run again, and continued as a copy."""
