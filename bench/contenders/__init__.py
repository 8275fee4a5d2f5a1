"""The contenders: one module each, one function a row (`ainvoke-64` is `ainvoke_64`).

A function prepares the work on a stub's URL and returns it; what it must return depends on the
row's kind:

- `calls`, `wall`: `run(amount)`, plain or `async`, which does that many units;
- `stream`, `first-token`: `open_stream()`, which returns an iterator or async iterator of chunks;
- `memory`: `make(amount)`, which returns that many live models, each having answered once;
- `traffic`: `run(1)`, which does the work once and swallows the error it expects.
"""
