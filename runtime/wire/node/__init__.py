"""Records to and from the messages of `workbench.v1`, the protocol between nodes."""
