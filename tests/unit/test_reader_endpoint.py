"""Which endpoints a transcript may be sent to, and where the key comes from."""

from __future__ import annotations

import pytest

from pipeline.errors import ConfigError
from pipeline.reader.endpoint import Endpoint, endpoint_from


def endpoint(url: str, *, remote: bool = False, **environment: str) -> Endpoint:
    """An endpoint in an environment that holds only what is given."""
    return endpoint_from(url, remote=remote, environment=environment)


@pytest.mark.parametrize(
    ("url", "origin", "path"),
    [
        ("http://localhost:8080/v1", "http://localhost:8080", "/v1/chat/completions"),
        ("http://localhost:8080/v1/", "http://localhost:8080", "/v1/chat/completions"),
        ("http://LOCALHOST", "http://localhost:80", "/v1/chat/completions"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000", "/v1/chat/completions"),
        ("http://127.9.9.9:8000/api", "http://127.9.9.9:8000", "/api/chat/completions"),
        ("https://[::1]/v1/chat/completions", "https://[::1]:443", "/v1/chat/completions"),
    ],
)
def test_this_machine_is_always_allowed(url: str, origin: str, path: str) -> None:
    """By name or address, with or without the path; --reader-remote does not make it remote."""
    for remote in (False, True):
        found = endpoint(url, remote=remote, PARLEY_OFFLINE="1")
        assert (found.origin, found.path, found.remote) == (origin, path, False)


ELSEWHERE = [
    "https://api.example.com/v1",
    "http://192.168.1.7:8000/v1",
    "http://0.0.0.0:8080",
    "http://localhost.example.com",
    "http://127.0.0.1.example.com",
    "http://127.1",  # an address to some, a name to others
    "http://2130706433",
    "http://[fe80::1]:8080",
]


@pytest.mark.parametrize("url", ELSEWHERE)
def test_anywhere_else_needs_to_be_allowed(url: str) -> None:
    """The message says that the transcript would leave this machine, and how to allow it."""
    with pytest.raises(ConfigError, match=r"would leave it.*--reader-remote"):
        endpoint(url)
    assert endpoint(url, remote=True).remote


@pytest.mark.parametrize("url", ELSEWHERE)
def test_offline_forbids_anywhere_else(url: str) -> None:
    """PARLEY_OFFLINE is stronger than the option."""
    with pytest.raises(ConfigError, match="PARLEY_OFFLINE"):
        endpoint(url, remote=True, PARLEY_OFFLINE="1")


@pytest.mark.parametrize(
    "url",
    [
        "", "localhost:8080", "localhost", "/v1", "ftp://localhost", "file:///etc/passwd",
        "http://", "http://:80", "http://localhost:99999", "http://localhost:port",
        "http://[::1", "http://local host", "http://localhost/\r\nX: y", "http://lócalhost",
        "http://ana:s3cret@localhost", "http://s3cret@localhost", "http://localhost?key=s3cret",
        "http://localhost/v1#s3cret", "http://localhost\\@s3cret",
    ],
)  # fmt: skip
def test_what_is_no_url_of_a_server_is_refused(url: str) -> None:
    """A password or key in it too, and the message does not repeat it."""
    with pytest.raises(ConfigError, match="--reader: ") as caught:
        endpoint(url, remote=True)
    assert "s3cret" not in str(caught.value)


def test_the_key_is_the_environments_and_is_not_shown() -> None:
    """Only PARLEY_READER_KEY counts: keys of other programs are not handed on."""
    found = endpoint("http://localhost", PARLEY_READER_KEY=" s3cret\n", OPENAI_API_KEY="other")
    assert found.key == "s3cret"
    assert "s3cret" not in repr(found)
    assert endpoint("http://localhost", OPENAI_API_KEY="other").key == ""


@pytest.mark.parametrize("key", ["s3cret\r\nX-More: y", "s3cret more", "s3crét", "s3cret\x00"])
def test_a_key_that_cannot_be_sent_is_named_without_it(key: str) -> None:
    """A key that would be two headers never becomes one."""
    with pytest.raises(ConfigError, match="PARLEY_READER_KEY") as caught:
        endpoint("http://localhost", PARLEY_READER_KEY=key)
    assert "s3cr" not in str(caught.value)
