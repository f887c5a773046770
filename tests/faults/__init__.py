"""What the operator makes of misfortune: each cloud call meets each fault, each call a kill."""
