"""Between the socket and the endpoints: access, limits, faults and the delivery of answers."""
