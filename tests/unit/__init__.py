"""Unit tests: the pure core, module by module."""
