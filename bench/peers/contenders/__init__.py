"""One module each. A function is something that a client can be asked to do; it may be missing."""
