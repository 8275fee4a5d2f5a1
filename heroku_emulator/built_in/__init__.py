"""The built-in engine: answers made by rule, the same ones every time."""
