"""What an adapter of a framework may import besides the public face, errors and values."""
