"""How fast the registry is, held against what the same machine can do at best: `make bench`."""
