"""The commands of `python -m runtime`: serve, host, certificates, rekey, check, backup, restore."""
