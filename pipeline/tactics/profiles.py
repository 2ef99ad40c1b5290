"""Profiles: what a kind of talk looks for, and how each source reads what was found.

A profile changes no count. It says which readings stand beside a figure or a tactic, and how much
each rule of the moments weighs. Profiles are layers: a profile that `extends` another lies on top
of it, and a culture lies on top of the profile. Of two readings of the same thing by the same
lens, for the same role and the same bounds, the upper layer's stands; and what the upper layer
lists under `mute` loses every reading of the layers below, so that its own readings of it stand
alone. In a high-context culture hedged asks are muted and read anew, as neutral.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal

Culture = Literal["none", "low_context", "high_context"]
Role = Literal["none", "candidate", "employer"]
ROLES = ("candidate", "employer")
GENERAL = "general"
NO_LAYER = "none"

FIGURE = "{figure}"
"""Stands in a reading's text for the value of its metric."""

MISSED = (
    *("emotion_unlabelled", "countered_without_question", "silence_filled", "vague_promise"),
    *("only_salary", "first_offer_accepted", "hedged_ask", "limit_given_away"),
    *("conceded_for_nothing", "threat_made", "job_ask", "interests_unasked"),
)
STRENGTHS = (
    *("question_moved_them", "reflection_opened_up", "silence_worked", "threat_met_with_empathy"),
    *("anchored_with_evidence", "summary_confirmed", "promise_pinned", "package_accepted"),
    *("trade_accepted", "interests_found", "value_back", "good_after_no"),
)
MOMENT_RULES = (*MISSED, *STRENGTHS)
"""The ids of the rules that moments are found by; a profile weighs them."""

METRICS = (
    *("talk_time_s", "talk_ratio", "word_ratio", "question_ratio", "open_question_share"),
    *("questions_per_hour", "reflection_to_question_ratio", "longest_monologue_s"),
    *("median_response_latency_s", "words_per_minute", "empathy_share", "turn_count"),
    *("word_count", "question_count", "open_question_count", "closed_question_count"),
    *("interruption_count", "backchannel_count", "filler_count"),
)
"""The figures of a speaker that a reading can be about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How one source takes a metric or a tactic.

    `lens` is the source in a word, `setting` where it was measured, or empty. With a `role` it
    holds for that role of the person the report is for. A metric's reading holds for values from
    `at_least` to under `below`, in the metric's own unit; `{figure}` in its text is the value.
    """

    about: str
    id: str
    lens: str
    stance: str
    text: str
    source: str
    setting: str = ""
    role: str = ""
    at_least: float | None = None
    below: float | None = None

    @property
    def place(self) -> tuple[object, ...]:
        """What a reading of an upper layer must share with this one to take its place."""
        return self.about, self.id, self.lens, self.role, self.at_least, self.below

    def holds(self, value: float | None) -> bool:
        """Whether a metric's value lies within the bounds; without a value nothing holds."""
        if value is None:
            return False
        return (self.at_least is None or value >= self.at_least) and (
            self.below is None or value < self.below
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One layer, or several merged: names, readings, and weights of the moments' rules.

    `mute` are ids of tactics and metrics that lose the readings of the layers below.
    `role_moments` are weights that hold for one role besides: (role, rule, weight).
    """

    id: str
    name: str
    description: str
    sources: tuple[str, ...] = ()
    readings: tuple[Reading, ...] = ()
    moments: tuple[tuple[str, float], ...] = ()
    role_moments: tuple[tuple[str, str, float], ...] = ()
    mute: tuple[str, ...] = ()

    def moment_weight(self, rule_id: str) -> float:
        """What a rule's score is multiplied by: 0 switches the rule off, 1 leaves it as it is."""
        return dict(self.moments).get(rule_id, 1.0)


NO_PROFILE = Profile(id=GENERAL, name="General", description="Any negotiation.")
"""Reads nothing; stands where no file was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The ids that a profile may name."""

    tactics: Collection[str]
    metrics: Collection[str] = METRICS
    rules: Collection[str] = MOMENT_RULES


# --- layers


def laid_over(base: Profile, top: Profile) -> Profile:
    """The profile `top` extends `base`: what it says itself counts, the rest is the base's.

    The weight of a rule is the top's where it has one.
    """
    return replace(
        top,
        sources=tuple(dict.fromkeys((*base.sources, *top.sources))),
        readings=_readings(base, top),
        moments=tuple({**dict(base.moments), **dict(top.moments)}.items()),
        role_moments=tuple(
            {row[:2]: row for row in (*base.role_moments, *top.role_moments)}.values()
        ),
        mute=tuple(dict.fromkeys((*base.mute, *top.mute))),
    )


def merged(profile: Profile, *, culture: Profile | None, role: str) -> Profile:
    """A profile as a culture and a role have it.

    Readings as the head of this file says, without those of another role; a reading for the role
    takes the place of the same lens's reading for everybody. The weight of a rule is the product
    of the profile's, the culture's and the role's, so that what one of them switches off stays
    off. The id and the name stay the profile's.
    """
    layers = [profile, culture] if culture else [profile]
    readings = _readings(profile, culture) if culture else profile.readings
    own = {replace(one, role="").place for one in readings if one.role == role}
    rules = {rule for one in layers for rule, _ in one.moments}
    rules |= {rule for one in layers for _, rule, _ in one.role_moments}
    return replace(
        profile,
        description=" ".join(one.description for one in layers),
        sources=tuple(dict.fromkeys(source for one in layers for source in one.sources)),
        readings=tuple(
            one for one in readings if one.role == role or (not one.role and one.place not in own)
        ),
        moments=tuple((rule, _weight(rule, layers, role)) for rule in sorted(rules)),
        role_moments=(),
        mute=(),
    )


def _readings(base: Profile, top: Profile) -> tuple[Reading, ...]:
    kept = [one for one in base.readings if one.id not in top.mute]
    return tuple({one.place: one for one in (*kept, *top.readings)}.values())


def _weight(rule: str, layers: Sequence[Profile], role: str) -> float:
    for_role = (
        weight
        for one in layers
        for who, name, weight in one.role_moments
        if (who, name) == (role, rule)
    )
    return math.prod((*(one.moment_weight(rule) for one in layers), *for_role))
