"""The parts of `rag.py`: documents in, chunks in PostgreSQL, answers with their sources out."""
