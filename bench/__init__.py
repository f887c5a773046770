"""What the operator costs and how fast it is, counted on a real API server and emulated cloud."""
