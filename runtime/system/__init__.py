"""The embedded actor system as its users see it: deploy, call, inspect, debug, redeploy; and `connect` for others."""
