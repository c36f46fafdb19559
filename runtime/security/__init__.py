"""Keys and encryption, files that only their owner can read, and the policies of who may call what."""
