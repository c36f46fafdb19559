"""What runs user code: this process, worker processes, attached clients, other SDKs over HTTP."""
