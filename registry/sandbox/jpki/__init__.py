"""The sandbox's JPKI: CAs that issue to people who do not exist, what they revoke over real HTTP, and a card as a file.

Refuses production.
"""
