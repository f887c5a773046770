"""Attacks on the trust gate, each with its expected outcome, judged by what the cloud saw."""
