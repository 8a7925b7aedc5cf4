"""Who watches the log of disclosures from outside, in processes and with keys of their own; no database, no registry.

Read ``memories`` (what a witness never forgets), ``witness`` (who cosigns), ``witness_line`` (how a log reaches one)
and ``published_log`` (the audit of a log as it is served to everybody).
"""
