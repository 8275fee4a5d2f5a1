"""Lets a distribution without code require heroku-inference in its own version."""

from __future__ import annotations

from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class SameVersion(MetadataHookInterface):
    """Reads the extra to require from the table of this hook in pyproject.toml."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Called by hatchling once the version is known."""
        metadata["dependencies"] = [
            f"heroku-inference[{self.config['extra']}]=={metadata['version']}"
        ]
