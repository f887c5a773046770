"""What several test suites share. Imported by tests only."""
