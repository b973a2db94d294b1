"""The demonstration: invented people, places and histories, told relative to now. `manage.py seed_demo` loads it."""
