"""A task for Heroku's agents to a request, and the events of its run to steps."""
