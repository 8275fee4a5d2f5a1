"""The agents endpoint: a task to a run of steps, and its events."""
