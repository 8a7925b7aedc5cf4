"""At the municipality: read the extract, send only what may be collected, say line by line what is wrong.

Outward connections only; everything that may not be collected stays in the town hall.
"""
