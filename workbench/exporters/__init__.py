"""What leaves the notebook: a report to read anywhere, and a project that runs the actors elsewhere."""
