"""公的個人認証 (JPKI): signatures of residents' cards, made by a carrier and verified here, revocation included.

Read ``verification`` first: its steps are numbered. Then ``profile`` and ``certificate`` (what a certificate must be),
``detached`` (the one form of a signature), ``crl`` and ``ocsp`` (what the CA says of it today), ``challenge`` (once).
"""
