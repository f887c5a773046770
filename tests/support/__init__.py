"""What several test suites share. Imported by tests and the demo only."""
