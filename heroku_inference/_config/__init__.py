"""Whom to call, and with which key: arguments, config vars, attachments."""
