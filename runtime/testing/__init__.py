"""The check suites that every store, host, codec and client passes; for adapters of your own, too."""
