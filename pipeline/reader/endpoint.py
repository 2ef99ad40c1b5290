"""Where the second reader is, and whether a transcript may be sent there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from pipeline.errors import ConfigError
from pipeline.models.weights import is_offline

KEY_VARIABLE = "PARLEY_READER_KEY"
_CALL = "/chat/completions"
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An OpenAI-compatible server; `path` is that of its chat completions.

    The key is never shown: not in the representation, which ends up in tracebacks, either.
    """

    encrypted: bool
    host: str
    port: int
    path: str
    remote: bool
    key: str = field(default="", repr=False)

    @property
    def origin(self) -> str:
        """Scheme, host and port, as a URL has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.encrypted else 'http'}://{host}:{self.port}"


def endpoint_from(
    url: str, *, remote: bool, environment: Mapping[str, str] = os.environ
) -> Endpoint:
    """The endpoint that a URL names, such as http://localhost:8080/v1, with the key of its user.

    The key is PARLEY_READER_KEY of the environment. Without `remote` only this machine is
    allowed. Raises ConfigError.
    """
    parts, port = _parts(url)
    host = parts.hostname or ""
    here = is_loopback(host)
    if not here and not remote:
        raise ConfigError(
            f"--reader: {host} is not this machine, so the transcript would leave it; name a "
            "server on localhost, or add --reader-remote if everyone who was recorded agrees"
        )
    if not here and is_offline(environment):
        raise ConfigError(
            f"--reader: {host} is not this machine, and PARLEY_OFFLINE forbids the network; "
            "name a server on localhost"
        )
    return Endpoint(
        encrypted=parts.scheme == "https",
        host=host,
        port=port,
        path=_path(parts.path),
        remote=not here,
        key=_key(environment),
    )


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its name or address; no name is looked up."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _parts(url: str) -> tuple[SplitResult, int]:
    """The URL's parts and port. Raises ConfigError, without the URL: it may hold a password."""
    wanted = "name it as http://localhost:8080/v1"
    if not (url.isascii() and url.isprintable()) or " " in url:
        raise ConfigError(f"--reader: not a URL; {wanted}")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as err:
        raise ConfigError(f"--reader: not a URL; {wanted}") from err
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ConfigError(f"--reader: not a URL of http or https; {wanted}")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigError(
            f"--reader: the URL must hold no password, `?` or `#`; the key is read from "
            f"{KEY_VARIABLE}; {wanted}"
        )
    return parts, _PORTS[parts.scheme] if port is None else port


def _path(path: str) -> str:
    """The path of chat completions under a base such as /v1, which may also be left out."""
    base = path.rstrip("/") or "/v1"
    return base if base.endswith(_CALL) else base + _CALL


def _key(environment: Mapping[str, str]) -> str:
    key = environment.get(KEY_VARIABLE, "").strip()
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ConfigError(f"{KEY_VARIABLE}: holds what no key can: blanks, controls or letters")
    return key
