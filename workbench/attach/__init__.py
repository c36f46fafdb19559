"""Working with actor systems of other processes: where they are, and what may be done to them."""
