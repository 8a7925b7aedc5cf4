"""The outer world for demonstrations and tests: sample files, the story of the demo, a settable clock.

Refuses production.
"""
