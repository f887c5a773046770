"""The tour: a real API server, the emulated cloud and the operator, shown step by step.

Run by `make demo`. Imports the launchers of the tests and nothing of `ram_operator`.
"""
