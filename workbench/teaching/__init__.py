"""Exercises: a learner's actors, run under every order in which messages can arrive."""
