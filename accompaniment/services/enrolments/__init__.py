"""Enrolment in the 100 % web track, from the wish to the end, and the periods of accompaniment."""
