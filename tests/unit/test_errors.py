"""The tree of errors: what the command line exits with and what a web server answers."""

from __future__ import annotations

import pickle
import re

import pytest

from pipeline import errors
from pipeline.errors import (
    ConfigError,
    ContractError,
    InputError,
    ModelError,
    NoAudioTrack,
    PipelineError,
    StoreError,
    TooLong,
    UnreadableAudio,
)

PUBLISHED = {
    ConfigError: (2, 422),
    InputError: (3, 422),
    UnreadableAudio: (3, 422),
    NoAudioTrack: (3, 422),
    TooLong: (3, 422),
    ModelError: (4, 503),
    ContractError: (5, 500),
    StoreError: (6, 503),
}


@pytest.mark.parametrize("kind", PUBLISHED)
def test_codes_are_as_published(kind: type[PipelineError]) -> None:
    """Every error has its exit code and its HTTP status."""
    assert (kind.exit_code, kind.http_status) == PUBLISHED[kind]


def test_every_error_is_in_the_tree() -> None:
    """No exception stands outside the tree, and none is missing from the published table."""
    found = {one for one in vars(errors).values() if isinstance(one, type)}
    assert found == {*PUBLISHED, PipelineError}
    assert all(issubclass(one, PipelineError) for one in found)


def test_only_recordings_are_input_errors() -> None:
    """The three ways in which a recording cannot be used are input errors, nothing else is."""
    inputs = {kind for kind in PUBLISHED if issubclass(kind, InputError)}
    assert inputs == {InputError, UnreadableAudio, NoAudioTrack, TooLong}


@pytest.mark.parametrize("kind", PUBLISHED)
def test_the_docstring_is_the_tree(kind: type[PipelineError]) -> None:
    """The module's docstring names every error, with its code where it opens a branch."""
    text = errors.__doc__ or ""
    assert kind.__name__ in text
    if kind.__base__ is PipelineError:
        code, status = PUBLISHED[kind]
        assert re.search(rf"{kind.__name__} .*exit {code}, HTTP {status}", text)


@pytest.mark.parametrize("kind", PUBLISHED)
def test_errors_can_be_sent_between_processes(kind: type[PipelineError]) -> None:
    """An error of a worker arrives with its kind and its message."""
    back = pickle.loads(pickle.dumps(kind("what, where, what to do")))  # noqa: S301 - our own
    assert (type(back), str(back)) == (kind, "what, where, what to do")
