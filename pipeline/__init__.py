"""Parley: recorded negotiations in, feedback that makes people negotiate better out."""

from importlib.metadata import version

__version__ = version("parley")
