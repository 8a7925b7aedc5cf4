"""Reconciliation with the 除票: ``agent`` runs at a municipality, ``nightly`` beside the registry.

The two never import each other.
"""
