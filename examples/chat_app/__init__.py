"""Chat over your documents: a web page and an API, on Heroku with LangChain and PostgreSQL."""
