"""Rules about the repository itself that no linter has."""
