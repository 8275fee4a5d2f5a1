"""The chat completions endpoint: what it refuses, and how it answers, whole and streamed."""
