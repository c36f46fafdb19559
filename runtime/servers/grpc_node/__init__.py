"""A node: `workbench.v1` over gRPC for one actor system."""
