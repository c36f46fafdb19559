"""What a user writes, and how it is read: actor classes, values, the context of an action, settings, definitions."""
