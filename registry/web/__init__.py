"""Litestar: HTTP in, use case, HTTP out. One translation of refusals into problem documents; no rule, no SQL."""
