"""What outlives a pass: queue, cache, sessions, leadership."""
