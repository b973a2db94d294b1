"""Faults that really happen to a chat under load; `make soak`."""
