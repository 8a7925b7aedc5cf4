"""Keys and what they protect.

``keys`` (what wraps what, and the file of development), ``token_uri`` and ``pkcs11_provider`` (the HSM of production),
``providers`` (which of the two), ``sealing`` (one blob per row), ``search_keys`` (how the sealed is found),
``log_keys`` (what seals the log of disclosures).
"""
