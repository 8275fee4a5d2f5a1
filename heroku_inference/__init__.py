"""Heroku Managed Inference, exactly: one small core that LangChain and LlamaIndex adapters share."""
