"""What is wrong with a registry and how to mend it. Read finding.py, then examination.py, then the areas it names."""
