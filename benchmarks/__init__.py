"""How fast Arus is beside bare servers and its peers, in one run; see docs/benchmarks.md.

Stands outside the packages: it may use them and the tests' private servers, and nothing uses it.
"""
