"""Anthropic's SDK over this library's transport, for Heroku's Messages API."""
