"""The command `heroku-inference`. Needs the extra `cli`; nothing else of the library imports it."""
