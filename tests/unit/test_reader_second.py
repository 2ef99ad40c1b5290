"""The second reader beside the built-in tagger: what it adds, how they agree, when it fails."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from tactics_calls import CODEBOOK, call_of

from pipeline.reader.chat import Chat
from pipeline.reader.post import Answer
from pipeline.reader.request import Sizes
from pipeline.reader.second import SecondReader
from pipeline.tactics.codebook import Tag, Utterance
from pipeline.tagging import Tagged, tag_dialogues
from pipeline.transcripts.lines import line_of

Respond = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]
"""The turns that a request shows, and the tags to answer with."""


def turns_of(body: bytes) -> list[dict[str, Any]]:
    """The turns to be tagged in a request."""
    data = json.loads(body)["messages"][1]["content"].splitlines()[1]
    turns: list[dict[str, Any]] = json.loads(data)["turns"]
    return turns


def reader_of(
    respond: Respond | None, *, sizes: Sizes | None = None
) -> tuple[SecondReader, list[tuple[str, str]]]:
    """A reader whose server answers so, or not at all; and where failures are told."""
    failures: list[tuple[str, str]] = []

    def send(body: bytes) -> Answer:
        if respond is None:
            return Answer(status=401)
        content = json.dumps({"tags": respond(turns_of(body))})
        return Answer(
            status=200, body=json.dumps({"choices": [{"message": {"content": content}}]}).encode()
        )

    reader = SecondReader(
        chat=Chat(model="m", send=send, sleep=pytest.fail),
        codebook=CODEBOOK,
        failed=lambda dialogue, reason: failures.append((dialogue, reason)),
        sizes=sizes,
    )
    return reader, failures


def sees(tactic: str, *quotes: str) -> Respond:
    """A model that finds a tactic wherever one of the quotes is."""

    def respond(turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {"turn": turn["turn"], "tactic": tactic, "quote": quote}
            for turn in turns
            for quote in quotes
            if quote in turn["text"]
        ]

    return respond


def tag(turn: int, tactic: str, *, start_char: int = 0, end_char: int = 1) -> Tag:
    """A tag of the built-in tagger."""
    return Tag(
        turn=turn,
        tactic=tactic,
        score=0.9,
        start_char=start_char,
        end_char=end_char,
        method="rule",
    )


CALL = call_of("Pay me more.", "Or else what?", "Or else I walk.", "", "Fine.")


def counts(reader: SecondReader, tactic: str) -> tuple[int, int, int, int]:
    """Both, only built-in, only reader, neither."""
    [one] = [one for one in reader.agreements() if one.tactic == tactic]
    return one.both, one.only_built_in, one.only_reader, one.neither


def test_it_adds_what_the_tagger_has_not_found() -> None:
    """In the same turn the built-in tag stays alone; four of the five turns hold words."""
    reader, failures = reader_of(sees("threat", "Or else"))
    added = reader.added("d", CALL, [tag(1, "threat"), tag(4, "threat"), tag(2, "offer")])
    assert [(one.turn, one.tactic, one.method) for one in added] == [(2, "threat", "reader")]
    assert counts(reader, "threat") == (1, 1, 1, 1)
    assert counts(reader, "label") == (0, 0, 0, 4)
    assert failures == []


def test_agreement_adds_up_over_dialogues_and_requests() -> None:
    """Turns are counted once, however many tags they have; only what was asked for is compared."""
    reader, _ = reader_of(sees("threat", "Or else"), sizes=Sizes(batch_turns=1))
    for name in ("one", "two"):
        built_in = [tag(1, "threat"), tag(1, "threat", start_char=5, end_char=9)]
        assert len(reader.added(name, CALL, built_in)) == 1
    assert counts(reader, "threat") == (2, 0, 2, 4)
    document = reader.document()
    assert (document["dialogues"], document["turns"], document["failed_dialogues"]) == (2, 8, 0)
    assert {row["tactic"] for row in document["tactics"]} == {
        one.tactic for one in reader.agreements()
    }
    [threat] = [row for row in document["tactics"] if row["tactic"] == "threat"]
    assert threat == {
        "tactic": "threat",
        "both": 2,
        "only_built_in": 0,
        "only_reader": 2,
        "neither": 4,
        "kappa": 0.5,  # p_o 6/8; p_e 2/8 * 4/8 + 6/8 * 4/8 = 1/2
    }


def test_a_long_turn_is_tagged_where_its_words_are() -> None:
    """A quote in a later piece has its place in the whole turn."""
    text = "word " * 30 + "or else"
    reader, _ = reader_of(sees("threat", "or else"), sizes=Sizes(batch_chars=40))
    [found] = reader.added("d", [Utterance(turn=0, speaker="A", text=text)], [])
    assert text[found.start_char : found.end_char] == "or else"


def test_tags_not_taken_are_counted() -> None:
    """By reason, over all dialogues."""
    reader, _ = reader_of(lambda turns: [{"turn": 0, "tactic": "threat", "quote": "never said"}])
    assert reader.added("d", CALL, []) == []
    assert reader.added("e", CALL, []) == []
    assert reader.dropped == {"not_verbatim": 2}
    assert reader.document()["dropped"] == {"not_verbatim": 2}


def test_a_dialogue_that_fails_is_in_no_figure() -> None:
    """Neither its first part, which was read: half a dialogue would look like disagreement."""
    answers = iter([[], None])

    def respond(turns: list[dict[str, Any]]) -> Any:
        return next(answers)

    reader, failures = reader_of(respond, sizes=Sizes(batch_turns=2))
    assert reader.added("d", CALL, [tag(1, "threat")]) == []
    assert [dialogue for dialogue, _ in failures] == ["d"]
    assert counts(reader, "threat") == (0, 0, 0, 0)
    assert (reader.failure_count, reader.document()["dialogues"]) == (1, 0)


def test_after_three_failures_in_a_row_nobody_is_asked() -> None:
    """Every dialogue is still named."""
    reader, failures = reader_of(None)
    for name in "abcde":
        assert reader.added(name, CALL, []) == []
    assert [dialogue for dialogue, _ in failures] == list("abcde")
    assert ["three failures" in reason for _, reason in failures] == [False] * 3 + [True] * 2
    assert reader.document()["failed_dialogues"] == 5


def test_a_dialogue_that_goes_well_ends_the_row() -> None:
    """Single failures do not add up to the end."""
    answers = iter([None, None, [], None, None, []])
    reader, _ = reader_of(lambda turns: next(answers))  # type: ignore[arg-type,return-value]
    for name in "abcdef":
        reader.added(name, CALL, [])
    assert (reader.failure_count, reader.document()["dialogues"]) == (4, 2)


# --- in a tagged transcript


def tagged(reader: SecondReader | None, rows: Sequence[dict[str, Any]]) -> list[Tagged]:
    """Transcript rows, tagged by the rules and a second reader."""
    lines = [line_of(row, number=at, turn=at) for at, row in enumerate(rows)]
    return list(tag_dialogues(lines, codebook=CODEBOOK, refuse=pytest.fail, second=reader))


def test_its_tags_stand_in_the_turn_by_place() -> None:
    """With their quote, their method, and that their score was never held against anything."""
    rows = [{"speaker": "A", "text": "You know best. What matters to you?"}]
    reader, _ = reader_of(sees("irritator", "You know best"))
    [dialogue] = tagged(reader, rows)
    [alone] = tagged(None, rows)
    first, *rest = dialogue.turns[0]["tactics"]
    assert first == {
        "tactic": "irritator",
        "score": 0.5,
        "quote": "You know best",
        "start_char": 0,
        "end_char": 13,
        "method": "reader",
        "calibrated": False,
    }
    assert rest == alone.turns[0]["tactics"]
    assert rest
    assert dialogue.offers == alone.offers


def test_backchannels_are_neither_sent_nor_tagged() -> None:
    """They have no number that an answer could name, whatever it tries."""
    rows = [
        {"speaker": "A", "text": "Or else."},
        {"speaker": "B", "text": "Right.", "kind": "backchannel"},
        {"speaker": "A", "text": "Or else again."},
    ]
    sent: list[str] = []

    def respond(turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
        sent.extend(turn["text"] for turn in turns)
        return [{"turn": at, "tactic": "threat", "quote": "Right"} for at in range(3)]

    reader, _ = reader_of(respond)
    [dialogue] = tagged(reader, rows)
    assert sent == ["Or else.", "Or else again."]
    assert dialogue.turns[1]["tactics"] == []
    assert reader.dropped == {"not_verbatim": 2, "wrong_turn": 1}
