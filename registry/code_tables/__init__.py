"""Municipalities, missions and countries as data with periods of validity, and their reader."""
