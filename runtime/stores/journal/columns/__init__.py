"""Turns as Arrow columns: made of turns or of the bytes of blocks, and kept beside these."""
