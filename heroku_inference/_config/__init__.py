"""Settings: key, URL and model from arguments, config vars and attachments."""
