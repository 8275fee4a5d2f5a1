"""A conversation to a request body, and the events of an answer to values."""
