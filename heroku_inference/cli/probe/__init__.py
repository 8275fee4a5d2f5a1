"""`heroku-inference probe`: asks the live API what no documentation settles."""
