"""Bytes out and in; retries happen here and nowhere else."""
