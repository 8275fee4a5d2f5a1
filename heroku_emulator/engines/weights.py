"""Finds model files in installed packages and verifies their checksums."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

__all__ = ["verified_file"]


def verified_file(package: str, name: str, sha256: str, how_to_install: str) -> Path:
    """Returns the path of a file in a package, without running the package's code.

    Args:
        package: Import name of the package that holds the file.
        name: The file's name.
        sha256: The checksum it must have.
        how_to_install: The message if the package is missing.

    Raises:
        ModuleNotFoundError: The package is not installed.
        ValueError: The file is not the expected one.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(how_to_install, name=package)
    path = Path(spec.submodule_search_locations[0], name)
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    if digest.hexdigest() != sha256:
        raise ValueError(f"{path} does not have the expected sha256. {how_to_install}")
    return path
