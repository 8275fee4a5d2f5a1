"""Side-by-side measurements: CPU time of this package against its peers and floors.

Run by hand (`python -m bench`); never part of the test suite. `README.md` says how to read it.
"""
