"""Frozen values that travel through the loop, and the words that they use. No I/O."""
