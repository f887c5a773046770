"""Churn and crowds for as long as a lane may take, and what of it stays or costs others."""
