"""Embeddings, rerank, images and MCP: values to request bodies, and answers to values."""
