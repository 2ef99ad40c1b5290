"""What every unit test gets: the logger as it was, and models that need no weights."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import builders as build
import pytest
from command_line import put_fakes


@pytest.fixture(autouse=True)
def _own_logger() -> Iterator[None]:
    """Give the project's logger back as it was: commands point it at the terminal."""
    logger = logging.getLogger("parley")
    before = (logger.handlers, logger.level, logger.propagate)
    yield
    logger.handlers, logger.propagate = before[0], before[2]
    logger.setLevel(before[1])


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> build.FakeModels:
    """Models that understand tones take the place of those that need weights."""
    return put_fakes(monkeypatch)
