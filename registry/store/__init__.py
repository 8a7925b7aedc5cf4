"""PostgreSQL and nothing else: tables, one module per noun, the unit of work, the sequencer.

No rule lives here. ``embedded`` starts a server of its own where none is given.
"""
