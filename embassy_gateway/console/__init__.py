"""The console of a mission's gateway: its staff sign in, type papers, try them at the registry and send them.

Read ``keeping`` (what of people is kept in the spool's file), ``clerks`` (who signs in), ``frame`` and ``visit`` (pages
and who is there), ``fields`` with ``paper`` (a report as a form), ``trial`` (what the registry would make of it), then
``pages``.
"""
