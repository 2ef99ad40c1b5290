"""Which calls a seed makes: group, voices, dialogues, conditions, each drawn by its own dice."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval_calls.clips import Person, people_for
from eval_calls.degrade import Conditions, draw_conditions
from eval_calls.dialogue import NEGOCHAT_SHARE, Dialogue, read_dialogues
from eval_calls.voices import Voice, voices_for

# Raise it when any change to this code changes what is heard or written.
VERSION = 3
# Twenty calls in the proportions of the groups; more calls go round again.
GROUPS = (
    *("spoken-mono", "spoken-stereo", "real-mono", "spoken-mono", "noisy-mono"),
    *("spoken-mono", "real-stereo", "spoken-mono", "spoken-stereo", "spoken-mono"),
    *("real-mono", "spoken-mono", "spoken-stereo", "spoken-mono", "noisy-mono"),
    *("spoken-mono", "real-stereo", "spoken-stereo", "real-mono", "spoken-mono"),
)
SPOKEN_LENGTH_RANGE_S = (165.0, 260.0)
REAL_LENGTH_RANGE_S = (60.0, 150.0)
REAL_SPEEDS = (1.0, 0.94, 1.06)
SAME_SEX_SHARE = 0.5
# Who has fewer utterances than that is only heard in babble.
TALKER_CLIPS = 4

Speaker = Person | Voice


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that decides one call; a call with the same plan is the same bytes."""

    id: str
    group: str
    seed: int
    speakers: tuple[Speaker, Speaker]
    dialogues: tuple[Dialogue, ...]
    length_s: float
    conditions: Conditions

    @property
    def layout(self) -> str:
        """ "mono", or "stereo" with one voice a channel."""
        return self.group.rpartition("-")[2]

    @property
    def same_sex(self) -> bool:
        """Whether both voices are of one sex."""
        return bool(self.speakers[0].sex == self.speakers[1].sex)

    @property
    def recipe(self) -> dict[str, Any]:
        """The plan as JSON, with the version of the code that follows it."""
        texts = [turn.text for dialogue in self.dialogues for turn in dialogue.turns]
        texts += [clip.text for one in self.speakers for clip in getattr(one, "clips", ())]
        return {
            "version": VERSION,
            "seed": self.seed,
            "id": self.id,
            "length_s": self.length_s,
            "speakers": [describe(speaker) for speaker in self.speakers],
            "dialogues": [dialogue.name for dialogue in self.dialogues],
            "texts_sha256": hashlib.sha256(json.dumps(texts).encode()).hexdigest(),
            "conditions": dataclasses.asdict(self.conditions),
        }


def describe(speaker: Speaker) -> dict[str, Any]:
    """A voice or person as the reference lists it."""
    kind = "real" if isinstance(speaker, Person) else "synthetic"
    return {"voice": speaker.name, "sex": speaker.sex, "kind": kind, "speed": speaker.speed}


def part_of(seed: int) -> str:
    """The half of dialogues and voices that a seed draws from."""
    return "dev" if seed % 2 else "test"


def plan_calls(*, seed: int, calls: int, data: Path) -> Iterator[Plan]:
    """The calls of a seed. Adding calls never changes the ones before."""
    part = part_of(seed)
    dialogues = read_dialogues(data / "corpora", part=part)
    decks = {
        corpus: itertools.cycle([d for d in dialogues if d.name.startswith(corpus)])
        for corpus in ("casino", "negochat")
    }
    groups = [GROUPS[number % len(GROUPS)] for number in range(calls)]
    for number, group in enumerate(groups):
        call_id = f"{group}-{groups[:number].count(group) + 1:02d}"
        dice = random.Random(f"{seed} {call_id}")
        real = is_real(group)
        length_s = dice.uniform(*(REAL_LENGTH_RANGE_S if real else SPOKEN_LENGTH_RANGE_S))
        same_sex = dice.random() < SAME_SEX_SHARE
        speakers = (
            draw_people(part, dice=dice, number=sum(map(is_real, groups[:number])))
            if real
            else draw_voices(part, same_sex=same_sex, dice=dice)
        )
        same_sex = speakers[0].sex == speakers[1].sex
        yield Plan(
            id=call_id,
            group=group,
            seed=seed,
            speakers=speakers,
            dialogues=() if real else draw_dialogues(decks, length_s=length_s, dice=dice),
            length_s=round(length_s, 1),
            conditions=draw_conditions(
                group, similar_level=same_sex and dice.random() < 0.7, dice=dice
            ),
        )


def is_real(group: str) -> bool:
    """Whether the group's voices are recorded people."""
    return group.startswith("real")


def draw_voices(part: str, *, same_sex: bool, dice: random.Random) -> tuple[Speaker, Speaker]:
    """Two synthetic voices that are not the same voice at two speeds."""
    pool = voices_for(part)
    pairs = [
        (one, other)
        for one in pool
        for other in pool
        if one.base != other.base and (one.sex == other.sex) == same_sex
    ]
    return dice.choice(pairs)


def draw_people(part: str, *, dice: random.Random, number: int) -> tuple[Speaker, Speaker]:
    """Two real people; `number` counts real calls and goes round the pairs."""
    talkers = [one for one in people_for(part) if len(one.clips) >= TALKER_CLIPS]
    pairs = list(itertools.combinations(talkers, 2))
    pair = pairs[number % len(pairs)]
    speed = dice.choice(REAL_SPEEDS)
    one, other = (
        dataclasses.replace(p, name=p.name + ("" if speed == 1.0 else f"-x{speed:g}"), speed=speed)
        for p in pair
    )
    return (one, other) if dice.random() < 0.5 else (other, one)


def draw_dialogues(
    decks: dict[str, Iterator[Dialogue]], *, length_s: float, dice: random.Random
) -> tuple[Dialogue, ...]:
    """Dialogues of one corpus, enough to talk for that long."""
    corpus = "negochat" if dice.random() < NEGOCHAT_SHARE else "casino"
    drawn: list[Dialogue] = []
    words = 0
    # Speech, pauses and gaps together carry about two words a second.
    while words < length_s * 3.0:
        drawn.append(next(decks[corpus]))
        words += sum(len(turn.text.split()) for turn in drawn[-1].turns)
    return tuple(drawn)


def manifest_row(plan: Plan) -> dict[str, Any]:
    """The call's line of the manifest; paths are relative to the manifest."""
    files = {"reference": "json", "rttm": "rttm", "stm": "stm", "seglst": "seglst.json"}
    names = [speaker.name for speaker in plan.speakers]
    return {
        "id": plan.id,
        "audio": f"audio/{plan.id}.wav",
        "group": plan.group,
        "speakers": 2,
        "layout": plan.layout,
        **{key: f"reference/{plan.id}.{suffix}" for key, suffix in files.items()},
        "conditions": {
            **dataclasses.asdict(plan.conditions),
            "same_sex": plan.same_sex,
            "voices": names,
        },
    }
