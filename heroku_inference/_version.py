"""The version of this package, which its metadata takes from here."""

__all__ = ["VERSION"]

VERSION = "0.1.0"
