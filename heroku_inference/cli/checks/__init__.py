"""`heroku-inference check`: what is tried against an API, and how the outcome is shown."""
