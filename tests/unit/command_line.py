"""Run `parley` in this process, with models that understand tones."""

from __future__ import annotations

from pathlib import Path

import builders as build
import pytest
from click.testing import Result
from typer.testing import CliRunner

from pipeline.apps.cli import app
from pipeline.run import Models


def parley(*arguments: Path | str) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def put_fakes(patch: pytest.MonkeyPatch) -> build.FakeModels:
    """Put models that understand tones in the place of those that need weights."""
    fakes = build.FakeModels()
    patch.setattr(Models, "get", lambda _, task: fakes.get(task))
    return fakes
