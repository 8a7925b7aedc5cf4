"""What crosses the wire, and how it is proven: messages, problem codes, signatures, evidence, receipts.

Read ``decoding`` (bytes become messages, all faults at once), ``messages`` (their shapes), ``problems`` (how
a refusal reads), ``signing`` (RFC 9421 on every request and answer), ``evidence`` (detached JWS, for ever).
"""
