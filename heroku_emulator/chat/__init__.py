"""The chat completions endpoint: checks of the request, and the answer, whole and streamed."""
