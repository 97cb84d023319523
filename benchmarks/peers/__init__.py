"""Other programs that copy tables between databases, as their own users run them.

Each stands in an environment of its own, never in the project's. One that can't be had is left out
of the results with the reason.
"""
