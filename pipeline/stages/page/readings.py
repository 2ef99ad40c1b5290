"""What each metric is called, how its value is written, and the sentence that reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.stages.page import wording
from pipeline.stages.page.wording import Person

Speaker = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """How a metric is shown: `key` in report.json, and words for the value and the reading."""

    key: str
    label: str
    show: Callable[[Any], str]
    read: Callable[[Person, Speaker], str]
    detail: Callable[[Speaker], str] = lambda _speaker: ""


def _talk_ratio(person: Person, speaker: Speaker) -> str:
    interval = wording.percent_range(speaker["talk_ratio_interval"])
    share = wording.percent(speaker["talk_ratio"])
    suffix = f" ({interval})" if interval else ""
    return f"{person.subject} spoke {share} of the talking time{suffix}."


def _questions(person: Person, speaker: Speaker) -> str:
    asked = wording.counted(speaker["question_count"], "question")
    kinds = _open_and_closed(speaker)
    return f"{person.subject} asked {asked}{f': {kinds}' if kinds else ''}."


def _open_and_closed(speaker: Speaker) -> str:
    counts = speaker["open_question_count"], speaker["closed_question_count"]
    return "" if None in counts else f"{counts[0]} open, {counts[1]} closed"


def _latency(person: Person, speaker: Speaker) -> str:
    latency = speaker["median_response_latency_s"]
    length = wording.seconds(abs(latency))
    if latency < 0:
        return f"{person.subject} typically began {length} before the other side had finished."
    return f"{person.subject} typically let {length} pass before answering."


def _interruptions(person: Person, speaker: Speaker) -> str:
    count = speaker["interruption_count"]
    if not count:
        return f"{person.subject} took the floor from the other side at no point."
    times = "once" if count == 1 else f"{count} times"
    return f"{person.subject} cut in {times} and the other side gave way."


def _fillers(person: Person, speaker: Speaker) -> str:
    count = speaker["filler_count"]
    heard = f"At least {wording.counted(count, 'filler')}" if count else "No fillers"
    where = f"recognised in {person.possessive} speech"
    return f"{heard} {where}; recognisers and transcripts drop some."


def _share_of(what: str, key: str) -> Callable[[Person, Speaker], str]:
    def read(person: Person, speaker: Speaker) -> str:
        return f"{wording.percent(speaker[key])} of {person.possessive} {what}."

    return read


def _rate(family: str) -> Metric:
    def read(person: Person, speaker: Speaker) -> str:
        rate = wording.decimal(speaker["rates"][family])
        return f"{rate} tags of {family} in every 10 of {person.possessive} turns."

    return Metric(
        key=f"{family}_rate",
        label=f"{family.capitalize()} per 10 turns",
        show=wording.decimal,
        read=read,
    )


GROUPS: tuple[tuple[str, tuple[Metric, ...]], ...] = (
    (
        "Talking",
        (
            Metric(
                key="talk_ratio",
                label="Talk ratio",
                show=wording.percent,
                read=_talk_ratio,
                detail=lambda one: wording.percent_range(one["talk_ratio_interval"]),
            ),
            Metric(
                key="talk_time_s",
                label="Talking time",
                show=wording.clock,
                read=lambda who, one: (
                    f"{who.subject} spoke for {wording.clock(one['talk_time_s'])} in all."
                ),
            ),
            Metric(
                key="word_ratio",
                label="Share of words",
                show=wording.percent,
                read=lambda who, one: (
                    f"{who.subject} spoke {wording.percent(one['word_ratio'])} of the words."
                ),
            ),
            Metric(
                key="longest_monologue_s",
                label="Longest monologue",
                show=wording.clock,
                read=lambda who, one: (
                    f"{who.possessive} longest turn lasted "
                    f"{wording.clock(one['longest_monologue_s'])}."
                ),
            ),
            Metric(
                key="words_per_minute",
                label="Words per minute",
                show=lambda rate: str(round(rate)),
                read=lambda who, one: (
                    f"{who.subject} spoke about {round(one['words_per_minute'])} words "
                    "in each minute of talk."
                ),
            ),
            Metric(
                key="filler_count",
                label="Fillers",
                show=str,
                read=_fillers,
            ),
        ),
    ),
    (
        "Asking",
        (
            Metric(
                key="question_count",
                label="Questions",
                show=str,
                read=_questions,
                detail=_open_and_closed,
            ),
            Metric(
                key="question_ratio",
                label="Question ratio",
                show=wording.percent,
                read=_share_of("turns held a question", "question_ratio"),
            ),
            Metric(
                key="open_question_share",
                label="Open questions, share",
                show=wording.percent,
                read=_share_of("questions were open", "open_question_share"),
            ),
            Metric(
                key="questions_per_hour",
                label="Questions per hour",
                show=wording.decimal,
                read=lambda who, one: (
                    f"{who.subject} asked {wording.decimal(one['questions_per_hour'])} questions "
                    "an hour, at the pace of this call."
                ),
            ),
            Metric(
                key="reflection_to_question_ratio",
                label="Reflections per question",
                show=wording.decimal,
                read=lambda who, one: (
                    f"{who.subject} gave back what was heard "
                    f"{wording.decimal(one['reflection_to_question_ratio'])} times "
                    "for each question."
                ),
            ),
        ),
    ),
    (
        "Listening",
        (
            Metric(
                key="median_response_latency_s",
                label="Response latency, median",
                show=wording.seconds,
                read=_latency,
            ),
            Metric(key="interruption_count", label="Interruptions", show=str, read=_interruptions),
            Metric(
                key="backchannel_count",
                label="Backchannels",
                show=str,
                read=lambda who, one: (
                    f"{who.subject} gave "
                    f"{wording.counted(one['backchannel_count'], 'short listening signal')} "
                    "such as “mm” or “right”."
                ),
            ),
        ),
    ),
    (
        "Empathy and assertion",
        (
            *map(_rate, ("empathy", "inquiry", "assertion", "exchange", "risk")),
            Metric(
                key="empathy_share",
                label="Empathy share",
                show=wording.percent,
                read=_share_of("empathy and assertion tags were empathy", "empathy_share"),
            ),
        ),
    ),
)
