"""Bytes: the messages of both protocols, the codecs of payloads and states, and the HTTP client."""
