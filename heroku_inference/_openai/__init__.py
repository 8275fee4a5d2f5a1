"""OpenAI's SDK set up for Heroku."""
