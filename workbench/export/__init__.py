"""What leaves the notebook: a report to be read anywhere, and a project that runs the actors elsewhere."""
