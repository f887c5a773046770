"""From the outcome of a pass to status, conditions, events and their texts. Pure."""
