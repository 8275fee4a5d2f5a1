"""The parts of `HerokuAgent` and `HerokuToolSpec`."""
