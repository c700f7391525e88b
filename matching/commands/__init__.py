"""The sub-commands of `python -m matching`: reading words, suggesting encounters."""
