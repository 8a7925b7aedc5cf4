"""Keys and what they protect.

``keys`` (providers), ``sealing`` (one blob per row), ``search_keys`` (how the sealed is found).
"""
