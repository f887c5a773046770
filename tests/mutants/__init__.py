"""Mutation tests of the gate: one line of it is broken at a time, and a test has to notice.

`mutants.yaml` is the list, `python -m tests.mutants` the runner. The work tree stays as
it is.
"""
