"""The built-in engine: it answers by rules, always the same."""
