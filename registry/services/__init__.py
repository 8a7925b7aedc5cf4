"""One use case per function: load, apply the rule, save, record who saw it."""
