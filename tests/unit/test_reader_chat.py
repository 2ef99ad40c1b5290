"""Asking the model: what goes out, when it is asked again, and what is no answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pipeline.errors import ModelError
from pipeline.reader.chat import Chat
from pipeline.reader.post import BROKEN, Answer

MESSAGES = [{"role": "system", "content": "Rules"}, {"role": "user", "content": "é \ud83d"}]
SCHEMA = {"type": "object"}


def completion(content: object, **choice: object) -> Answer:
    """What a server answers."""
    body = {"choices": [{"message": {"role": "assistant", "content": content}, **choice}]}
    return Answer(status=200, body=json.dumps(body).encode())


class Server:
    """Gives its answers one after the other, and keeps what it was sent and how long it waited."""

    def __init__(self, *answers: Answer) -> None:
        self.answers: Iterator[Answer] = iter(answers)
        self.bodies: list[bytes] = []
        self.waits_s: list[float] = []
        self.chat = Chat(model="m", send=self.send, sleep=self.waits_s.append)

    def send(self, body: bytes) -> Answer:
        self.bodies.append(body)
        return next(self.answers)

    @property
    def requests(self) -> list[dict[str, Any]]:
        """What was sent, as JSON."""
        return [json.loads(body) for body in self.bodies]

    def ask(self) -> str:
        """The model's words."""
        return self.chat.ask(MESSAGES, SCHEMA)


def test_what_is_sent() -> None:
    """The model's name, the messages, temperature 0 and the schema, all in ASCII."""
    server = Server(completion("words"))
    assert server.ask() == "words"
    [request] = server.requests
    assert server.bodies[0].isascii()
    assert request == {
        "model": "m",
        "messages": MESSAGES,
        "temperature": 0,
        "max_tokens": 1536,
        "stream": False,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "tags", "strict": True, "schema": SCHEMA},
        },
    }


@pytest.mark.parametrize("status", [400, 422])
def test_a_server_that_takes_no_schema_is_asked_without(status: int) -> None:
    """At once, and from then on."""
    server = Server(Answer(status=status), completion("one"), completion("two"))
    assert (server.ask(), server.ask()) == ("one", "two")
    assert ["response_format" in request for request in server.requests] == [True, False, False]
    assert server.waits_s == []


def test_a_request_refused_both_ways_is_no_matter_of_the_schema() -> None:
    """The next one is sent with it again."""
    server = Server(Answer(status=400), Answer(status=400), completion("two"))
    with pytest.raises(ModelError, match=r"4,096 tokens \(HTTP 400\)"):
        server.ask()
    assert server.ask() == "two"
    assert "response_format" in server.requests[2]


@pytest.mark.parametrize("status", [BROKEN, 408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_asked_again(status: int) -> None:
    """After 1, 2 and 4 seconds, with the same request."""
    server = Server(*[Answer(status=status)] * 3, completion("words"))
    assert server.ask() == "words"
    assert server.waits_s == [1, 2, 4]
    assert len(set(server.bodies)) == 1


@pytest.mark.parametrize(
    ("wanted_s", "waits_s"),
    [(None, 1), (0.0, 1), (7.0, 7), (86400.0, 30)],
)
def test_a_server_may_ask_for_a_longer_wait(wanted_s: float | None, waits_s: float) -> None:
    """Up to half a minute."""
    server = Server(Answer(status=429, retry_after_s=wanted_s), completion("words"))
    assert server.ask() == "words"
    assert server.waits_s == [waits_s]


@pytest.mark.parametrize(
    ("status", "named", "asked_times"),
    [
        (BROKEN, "the connection broke off", 4),
        (429, "it is busy", 4),
        (500, "HTTP 500", 4),
        (301, "redirects are not followed", 1),
        (307, "redirects are not followed", 1),
        (401, "PARLEY_READER_KEY", 1),
        (403, "PARLEY_READER_KEY", 1),
        (404, "--reader-model", 1),
        (413, "too large", 1),
        (204, "HTTP 204", 1),
        (418, "HTTP 418", 1),
        (501, "HTTP 501", 1),
    ],
)
def test_what_does_not_pass_is_named(status: int, named: str, asked_times: int) -> None:
    """With the status, and never with the server's words: they may repeat the transcript."""
    answer = Answer(status=status, body=b'{"error": "cannot tag: my salary is 90000"}')
    server = Server(*[answer] * asked_times)
    with pytest.raises(ModelError) as caught:
        server.ask()
    assert named in str(caught.value)
    assert "salary" not in str(caught.value)
    assert len(server.bodies) == asked_times


CHOICE = {"message": {"content": "words"}}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>salary</html>",
        b"\xff\xfe",
        b"null",
        b"[]",
        b"{}",
        b'{"choices": null}',
        b'{"choices": []}',
        b'{"choices": {"a": 1}}',
        json.dumps({"choices": [CHOICE, CHOICE]}).encode(),
        b'{"choices": ["salary"]}',
        b'{"choices": [{"message": "salary"}]}',
        b'{"choices": [{"message": {}}]}',
        b'{"choices": [{"message": {"content": null}}]}',
        b'{"choices": [{"message": {"content": ["salary"]}}]}',
        b'{"choices": [{"message": {"content": "a", "content": "b"}}]}',
        b'{"choices": [{"message": {"content": "a"}, "logprobs": NaN}]}',
        b'{"choices": ' + b"[" * 100_000,
    ],
    ids=lambda body: repr(body[:24]),
)
def test_what_is_no_chat_completion_is_no_answer(body: bytes) -> None:
    """Named, without its text."""
    with pytest.raises(ModelError, match="its answer") as caught:
        Server(Answer(status=200, body=body)).ask()
    assert "salary" not in str(caught.value)


def test_an_answer_cut_off_is_no_answer() -> None:
    """Half a list of tags is not taken for a whole one."""
    with pytest.raises(ModelError, match="cut off"):
        Server(completion('{"tags": []}', finish_reason="length")).ask()


def test_the_errors_of_sending_go_through() -> None:
    """Such as an answer that takes too long: it is not asked for again."""

    def send(body: bytes) -> Answer:
        raise ModelError("no whole answer within 1 s")

    wait: Callable[[float], None] = pytest.fail
    with pytest.raises(ModelError, match="within 1 s"):
        Chat(model="m", send=send, sleep=wait).ask(MESSAGES, SCHEMA)
