"""From the differences and the gate's review to ordered steps. Pure."""
