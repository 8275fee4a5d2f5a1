"""Compares the features of clients for Heroku's API, against the emulator.

`python -m bench.peers` prints the table of `docs/comparison.md`. Every row is a function in
`features`, every column a module in `contenders`. A contender runs in its own process, in the
environment that it needs.
"""
