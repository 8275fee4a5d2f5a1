"""The parts of `ChatHerokuMessages`."""
