"""Files of the information system: how they are read, and what each row must contain. No database."""
