"""Real servers on 127.0.0.1 for developers (`./dev lab`) and for the tests: one code for both.

Only the standard library; the jars come by Maven (jars.py), the rest from Debian packages.
docs/lab.md is the page for people.
"""
