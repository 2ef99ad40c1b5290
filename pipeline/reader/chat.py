"""One question to a chat model: what is sent, when to ask again, and where the words are."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from typing import Any

from pipeline.errors import ModelError
from pipeline.reader.post import BROKEN, Answer
from pipeline.reader.reply import strict_json
from pipeline.reader.request import Message

Send = Callable[[bytes], Answer]
"""Sends a body to the endpoint. Raises ModelError."""
Sleep = Callable[[float], None]

_OK, _REFUSED = 200, (400, 422)
_ASK_AGAIN = frozenset({BROKEN, 408, 429, 500, 502, 503, 504})
_WAITS_S = (1.0, 2.0, 4.0)
_LONGEST_WAIT_S = 30.0
_ANSWER_TOKENS = 1536
_WHY = {
    BROKEN: "the connection broke off",
    400: "it refuses the request; look at --reader-model; its context must hold 4,096 tokens",
    401: "it wants another key in PARLEY_READER_KEY",
    403: "it wants another key in PARLEY_READER_KEY",
    404: "it has no chat completions there, or no such model; look at --reader and --reader-model",
    413: "the request is too large for it",
    429: "it is busy; try again later",
}


class Chat:
    """A model that answers in JSON of a schema, as far as its server holds it to one.

    Whether it does is found out once: where a request is refused with a schema and taken
    without, the schema is left out from then on. What comes back is checked either way.
    """

    def __init__(self, *, model: str, send: Send, sleep: Sleep = time.sleep) -> None:
        self._model, self._send, self._sleep = model, send, sleep
        self._takes_schema = True

    def ask(self, messages: Sequence[Message], schema: dict[str, Any]) -> str:
        """What the model says. Raises ModelError, whose message never holds what was said."""
        plain = _body(self._model, messages)
        answer = self._patiently(
            _body(self._model, messages, schema) if self._takes_schema else plain
        )
        if answer.status in _REFUSED and self._takes_schema:
            answer = self._patiently(plain)
            self._takes_schema = answer.status != _OK
        if answer.status != _OK:
            raise ModelError(_refusal(answer.status))
        return _words(answer.body)

    def _patiently(self, body: bytes) -> Answer:
        """Ask again, after longer and longer waits, where that may help."""
        for wait_s in _WAITS_S:
            answer = self._send(body)
            if answer.status not in _ASK_AGAIN:
                return answer
            wanted_s = answer.retry_after_s or 0.0
            self._sleep(min(max(wait_s, wanted_s), _LONGEST_WAIT_S))
        return self._send(body)


def _body(model: str, messages: Sequence[Message], schema: dict[str, Any] | None = None) -> bytes:
    """A request; all of it is ASCII, so that no letter can go wrong on the way."""
    form = {"name": "tags", "strict": True, "schema": schema}
    request = {
        "model": model,
        "messages": messages,
        "temperature": 0,
        "max_tokens": _ANSWER_TOKENS,
        "stream": False,
        **({"response_format": {"type": "json_schema", "json_schema": form}} if schema else {}),
    }
    return json.dumps(request).encode("ascii")


def _refusal(status: int) -> str:
    if 300 <= status < 400:
        return "it wants the transcript sent elsewhere, and redirects are not followed"
    why = _WHY.get(status, "its server failed" if status >= 500 else "that is no answer")
    return f"{why} (HTTP {status})" if status else why


def _words(body: bytes) -> str:
    """The content of a chat completion. Raises ModelError for anything else."""
    try:
        [choice] = strict_json(body.decode("utf-8"))["choices"]
        content, ending = choice["message"]["content"], choice.get("finish_reason")
    except (ValueError, KeyError, TypeError, AttributeError) as err:
        raise ModelError("its answer is not a chat completion") from err
    if ending == "length":
        raise ModelError(f"its answer was cut off at {_ANSWER_TOKENS} tokens")
    if not isinstance(content, str):
        raise ModelError("its answer holds no text")
    return content
