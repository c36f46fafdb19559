"""Actor systems of other processes: targets, what may be done to them, the audit of what was done."""
