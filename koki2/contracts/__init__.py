"""contracts: what every interface promises, as checks that a stranger can run.

May import: every room that has an interface. One file a role, each with `CHECKS`: name
-> check. A check takes an object, and raises AssertionError with a sentence if it
breaks what the check is of. `koki2 check` runs them on objects of one's own.
"""
