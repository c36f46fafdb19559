"""One actor's past, walked through: turn by turn, compared, continued otherwise, and run again."""
