"""The log of disclosures: a tree that only grows, and proofs that anyone can check off line. No I/O, no clock.

Read ``refusals`` (how a check says no), ``tree`` (RFC 9162: hashes, heads, verification), ``tiles`` (C2SP tlog-tiles:
how the tree lies in store), ``proofs`` (made from tiles), ``entry`` (what stands in a leaf), ``growth``
(how entries get their place), ``note`` and ``checkpoint`` (C2SP: a signed and cosigned head), ``witness`` (when a
head is cosigned, when disclosures stop) and ``offer_wire`` (how it is asked to), ``receipt`` (entries that prove
themselves) and ``audit`` (the whole log held against itself and what is remembered).
"""
