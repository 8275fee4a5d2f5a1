"""What adapters of frameworks import besides the public face, errors and values."""
