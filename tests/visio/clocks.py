"""The clocks of the regions, and the days on which one of them changes."""

PLACES = (
    "Europe/Paris",
    "Indian/Mayotte",
    "Indian/Reunion",
    "America/Guadeloupe",
    "America/Martinique",
    "America/Cayenne",
)
CLOCK_CHANGES = {"forward": (2026, 3, 29), "back": (2026, 10, 25)}
"""The days on which the clock of Paris changes in 2026. Overseas clocks never do."""
