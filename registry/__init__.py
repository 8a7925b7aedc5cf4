"""The virtual municipality: one current record for every resident of Japan who lives abroad.

Read the folders in the direction of the arrows: ``domain`` (the rules), ``code_tables`` (municipalities and
missions as data), ``contract`` (what crosses the wire), ``vault`` (keys and sealing), ``store`` (PostgreSQL),
``services`` (one use case per function), ``web`` (HTTP), ``wiring`` and ``cli`` (where everything meets).
``sandbox`` plays the outer world for demonstrations and refuses production.
"""
