"""Four people's first days with the operator, by what the documentation says and nothing else.

Each module is one day: what is typed, in its order, and what has to come of it.
"""
