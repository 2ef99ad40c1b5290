"""Threads share the C library's memory, so that a long recording does not take more of it."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

_COUNT_ARENAS = """
import ctypes, re, sys, tempfile, threading
from pathlib import Path
from pipeline.models.memory import share_arenas

if sys.argv[1] == "share":
    assert share_arenas()
c = ctypes.CDLL(None)
c.malloc.restype, c.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
c.fopen.restype, c.malloc_info.argtypes = ctypes.c_void_p, [ctypes.c_int, ctypes.c_void_p]
c.fclose.argtypes = [ctypes.c_void_p]
together = threading.Barrier(12)

def work():
    together.wait()
    held = c.malloc(1000)
    together.wait()
    c.free(held)

threads = [threading.Thread(target=work) for _ in range(12)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder, "arenas.xml")
    file = c.fopen(str(path).encode(), b"w")
    assert c.malloc_info(0, file) == 0
    c.fclose(file)
    print(len(re.findall("<heap nr=", path.read_text())))
"""


def arenas(how: str) -> int:
    """How many arenas a process has after twelve threads held memory at once."""
    command = [sys.executable, "-c", _COUNT_ARENAS, how]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has arenas")
def test_threads_share_two_arenas() -> None:
    """Twelve threads make more than two arenas by themselves, and two when told to share."""
    assert arenas("as it is") > 2
    assert arenas("share") <= 2
