"""What runs an engine: threads, event loops, queues, the store's writer; one driver steps by hand, for tests."""
