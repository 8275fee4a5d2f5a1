"""The agents endpoint: checks of the request, the run of a task, and its events."""
