"""A program at a mission: takes reports, keeps them safe while the line is down, delivers each exactly once.

Read in this order: ``intake`` (a file becomes reports that may be sent, or faults), ``batch`` (rows of a table become
such files), ``spool`` with ``schema`` and ``sealing`` (what was taken in is on disk, sealed), ``outbox`` (which are
next), ``delivery`` (sent until answered), ``receipts`` (what an answer means), ``overview`` and ``screens`` (what staff
see), then ``settings``, ``wiring``, ``submitting``, ``cli`` and ``web``, where it all meets.
"""
