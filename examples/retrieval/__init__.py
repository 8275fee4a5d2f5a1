"""The parts of `rag.py`: from documents to chunks in PostgreSQL to answers with their sources."""
