"""一括届 — files with one row a person, the staff's own form or an export of another service, become household reports.

Read in this order: ``fields`` (what a row can say), ``map_file`` (how an export names it), ``form`` (the staff's own
form), ``opening`` (encoding, delimiter, heading), ``rows`` (bytes become cells), ``households`` (rows become
households), ``values`` and ``report_tree`` (a household becomes the report that the mission's JSON would be),
``findings`` with ``wording`` (what is wrong, by line and column), ``taking_in`` (all of it through the one intake).
"""
