"""Wiring: settings, addresses, servers. Nothing imports this package but its own files and tests."""
