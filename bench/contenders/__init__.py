"""The contenders: one module each, with one function for each row (`ainvoke_64` for `ainvoke-64`).

A function prepares the work for a stub's URL and returns it, in a form that depends on the row's
kind:

- `calls`, `wall`, `peak`, `limited`: `run(amount)`, plain or `async`, which does `amount` units;
- `stream`, `first-token`: `open_stream()`, which returns an iterator or async iterator of chunks;
- `memory`: `make(amount)`, which returns `amount` live models, each after one answer;
- `traffic`: `run(1)`, which does the work once and catches the expected error.
"""
