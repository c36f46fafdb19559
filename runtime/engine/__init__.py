"""The pure state machine of an actor system: events in, commands out; no thread, clock, file or socket."""
