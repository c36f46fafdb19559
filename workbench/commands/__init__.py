"""Plain functions, one file each: every magic and every button is one of these."""
