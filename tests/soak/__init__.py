"""Churn for as long as a lane may take, and what of it stays."""
