"""Mutation tests of the gate: one line of it is broken at a time, and a test has to notice.

`mutants.yaml` is the list, `python -m tests.mutants` the runner. Nothing here touches the work tree.
"""
