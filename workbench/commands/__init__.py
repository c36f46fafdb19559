"""Plain functions, one module a subject: every magic and every button calls one of these."""
