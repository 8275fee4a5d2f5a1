"""The tools of agents that Heroku offers itself (docs: Heroku tools)."""
