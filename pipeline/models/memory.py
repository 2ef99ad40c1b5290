"""Keep what threads have freed from piling up in a long recording."""

from __future__ import annotations

import ctypes
import sys

_M_ARENA_MAX = -8
"""The parameter's number in glibc's malloc.h."""
_ARENAS = 2


def share_arenas() -> bool:
    """Have all threads allocate from two arenas; whether the C library could be told so.

    glibc gives each thread an arena of its own, up to eight a core, and keeps what was freed in
    them: recognition, whose threads take turns with buffers of hundreds of MiB, held more and more
    as a call went on. Call it before threads begin to work.
    """
    if sys.platform != "linux":
        return False
    try:
        return bool(ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS))
    except (OSError, AttributeError):  # another C library
        return False
