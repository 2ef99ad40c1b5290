"""The options of the second reader: what is refused before anything is read or sent."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import parley

HERE = ("--reader", "http://localhost:8080/v1", "--reader-model", "m")


@pytest.fixture
def call(tmp_path: Path) -> Path:
    """A transcript of one turn."""
    path = tmp_path / "call.txt"
    path.write_text("Ana: What matters to you?\n", "utf-8")
    return path


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--reader", "http://localhost:8080/v1"), "needs --reader-model"),
        (("--reader", "http://localhost:8080/v1", "--reader-model", ""), "needs --reader-model"),
        (("--reader-model", "m"), "need --reader URL"),
        (("--reader-remote",), "need --reader URL"),
        (("--agreement", "agreement.json"), "add --reader URL"),
        (("--reader", "https://api.example.com/v1", "--reader-model", "m"), "--reader-remote"),
        (("--reader", "http://10.0.0.2", "--reader-model", "m"), "the transcript would leave it"),
        (("--reader", "localhost:8080", "--reader-model", "m"), "not a URL of http or https"),
        ((*HERE, "--agreement", "same", "--out", "same"), "same file"),
        ((*HERE, "--agreement", "same", "--offers", "same"), "same file"),
    ],
)
def test_options_that_do_not_fit(
    call: Path, options: tuple[str, ...], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line that says what to do, exit code 2, and nothing is written."""
    monkeypatch.chdir(call.parent)
    done = parley("tag", call, "--rules", *options)
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert named in done.stderr
    assert list(call.parent.iterdir()) == [call]


def test_offline_is_kept_even_where_remote_is_allowed(call: Path) -> None:
    """The tests run offline; a server on this machine would still be asked."""
    options = ("--reader", "https://api.example.com", "--reader-model", "m", "--reader-remote")
    done = parley("tag", call, "--rules", *options)
    assert done.exit_code == 2
    assert "PARLEY_OFFLINE forbids the network" in done.stderr


def test_the_help_says_what_leaves_the_machine() -> None:
    """And that the key is not an option."""
    text = " ".join(parley("tag", "--help").stdout.split())
    assert "--reader " in text
    assert "leaves this machine" in text
    assert "PARLEY_READER_KEY" in text
    assert "--reader-key" not in text
