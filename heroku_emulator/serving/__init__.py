"""From a socket to a handler and back: delivery, access, limits, faults."""
