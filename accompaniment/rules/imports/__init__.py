"""Files of the information system: how they are read, and what one of their rows must say. No database here."""
