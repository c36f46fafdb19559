"""Recorded turns run again, in isolation: replay, rerun, fork, and the comparison of what they give."""
