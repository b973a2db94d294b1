"""Enrolment in the 100 % web track, from the request to the end, and the periods of accompaniment."""
