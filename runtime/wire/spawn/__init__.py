"""Records to and from the messages of Spawn's protocol, in both of its dialects."""
