"""Which version of `weights` this is."""

from __future__ import annotations

DISTRIBUTION = "weights-portal"
VERSION = "0.1.0"  # of this source, for where it runs without being installed


def version() -> str:
    """The version of the installed distribution, else the source's own."""
    from importlib import metadata

    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return VERSION
