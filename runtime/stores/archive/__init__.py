"""Archives: a chosen part of a past as one portable file, read without the system that made it."""
