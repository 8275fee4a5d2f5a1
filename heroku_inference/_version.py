"""The version of this package, read from its metadata when this module is first imported.

Whatever makes clients imports it early: reading files later may block an event loop.
"""

from importlib.metadata import version
from typing import Final

__all__ = ["VERSION"]

VERSION: Final = version("heroku-inference")
