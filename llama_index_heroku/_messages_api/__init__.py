"""The parts of `HerokuMessages`."""
