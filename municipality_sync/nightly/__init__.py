"""Beside the registry: reconcile records with 除票 in bulk and report, through ``registry.services``."""
