"""What the clients of others do on Heroku's API, asked of each against the emulator.

`python -m bench.peers` prints the table of `docs/comparison.md`. Every row is a function in
`features`, every column a module in `contenders`; a contender runs in a process of its own, in the
environment that it needs.
"""
