"""One request to the endpoint: no redirects, no proxies, bounded in time and size.

The standard library's http.client does no more than it is told: it follows no redirect and reads
no proxy from the environment, both of which would send a transcript where nobody meant it to go.
"""

from __future__ import annotations

import contextlib
import math
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from ssl import create_default_context

from pipeline.errors import ModelError
from pipeline.reader.endpoint import Endpoint, is_loopback

BROKEN = 0
"""The status of an answer that never came whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How long connecting and a whole request may take, and how large an answer may be."""

    connect_s: float = 10.0
    request_s: float = 300.0
    reply_bytes: int = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back; `retry_after_s` is when the server wants to be asked again."""

    status: int
    body: bytes = b""
    retry_after_s: float | None = None


def check_reachable(endpoint: Endpoint, bounds: Bounds) -> None:
    """Connect and hang up; nothing is sent. Raises ModelError where nobody answers."""
    try:
        _connected(endpoint, bounds).close()
    except (OSError, UnicodeError) as err:  # the latter for a name that no network has
        why = getattr(err, "strerror", None) or err
        raise ModelError(
            f"the second reader at {endpoint.origin} cannot be reached: {why}; start its server, "
            "or leave --reader out"
        ) from err


def post(body: bytes, *, endpoint: Endpoint, bounds: Bounds) -> Answer:
    """Send JSON to the endpoint; its answer, with the status BROKEN where none came whole.

    Raises ModelError for an answer that takes too long or is too large.
    """
    try:
        connection = _connected(endpoint, bounds)
    except (OSError, UnicodeError):
        return Answer(status=BROKEN)
    late = ModelError(f"no whole answer within {bounds.request_s:g} s")
    with contextlib.closing(connection), _deadline(connection, bounds.request_s) as expired:
        try:
            connection.request("POST", endpoint.path, body=body, headers=_headers(endpoint))
            answer = _answer(connection.getresponse(), bounds)
        except TimeoutError as err:
            raise late from err
        except (OSError, HTTPException) as err:
            if expired.is_set():
                raise late from err
            return Answer(status=BROKEN)
    if expired.is_set():  # what had come by then may look whole
        raise late
    return answer


def _headers(endpoint: Endpoint) -> dict[str, str]:
    key = {"Authorization": f"Bearer {endpoint.key}"} if endpoint.key else {}
    kept = {"Content-Type": "application/json", "Accept": "application/json"}
    return {**kept, "Connection": "close", **key}


def _connected(endpoint: Endpoint, bounds: Bounds) -> HTTPConnection:
    """A connection to the endpoint. Raises OSError and, for a name that cannot be, UnicodeError.

    Raises ModelError for one that leaves this machine and may not: what localhost means is looked
    up only when connecting, so the address is looked at once more, before anything is sent.
    """
    connection = _connection(endpoint, bounds)
    with contextlib.ExitStack() as undo:
        undo.callback(connection.close)
        connection.connect()
        peer = connection.sock.getpeername()[0]
        if not (endpoint.remote or is_loopback(peer)):
            raise ModelError(f"{endpoint.host} is not this machine but {peer}; nothing was sent")
        undo.pop_all()
    return connection


def _connection(endpoint: Endpoint, bounds: Bounds) -> HTTPConnection:
    host, port, timeout = endpoint.host, endpoint.port, bounds.connect_s
    if not endpoint.encrypted:
        return HTTPConnection(host, port, timeout=timeout)
    return HTTPSConnection(host, port, timeout=timeout, context=create_default_context())


@contextlib.contextmanager
def _deadline(connection: HTTPConnection, seconds: float) -> Iterator[threading.Event]:
    """End a connection's traffic after a while, and set the event.

    A socket's own timeout is for each read, so a server that sends a byte now and then would
    never meet it.
    """
    expired = threading.Event()
    used: socket.socket = connection.sock  # let go by the connection before the answer is read
    used.settimeout(seconds)

    def end() -> None:
        expired.set()
        with contextlib.suppress(OSError):
            used.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield expired
    finally:
        timer.cancel()


def _answer(response: HTTPResponse, bounds: Bounds) -> Answer:
    """The whole answer. Raises ModelError for a large one, HTTPException for a part of one."""
    body = response.read(bounds.reply_bytes + 1)
    if len(body) > bounds.reply_bytes:
        raise ModelError(f"its answer is larger than {bounds.reply_bytes} bytes")
    if response.length:  # what was announced and never came
        raise HTTPException
    wait = _seconds(response.headers.get("Retry-After", ""))
    return Answer(status=response.status, body=body, retry_after_s=wait)


def _seconds(text: str) -> float | None:
    """A number of seconds; None for anything else, such as a date."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None
