"""The second reader at work: what it adds to the built-in tagger, and how far they agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from pipeline.errors import ModelError
from pipeline.reader.agreement import Agreement
from pipeline.reader.chat import Chat
from pipeline.reader.interpretive import interpretive
from pipeline.reader.reply import Reply, read_reply
from pipeline.reader.request import Sizes, batches_of, messages_of, schema_of
from pipeline.tactics.codebook import Codebook, Tag, Utterance

Failed = Callable[[str, str], None]
"""Is told the dialogue and the reason."""

_MAX_FAILURES = 3


class SecondReader:
    """Reads dialogue after dialogue, and counts as it goes.

    A dialogue that fails keeps the built-in tags and is in no figure; after three failures in a
    row the reader is not asked any more, since a server that is gone would cost minutes each.
    """

    def __init__(
        self, *, chat: Chat, codebook: Codebook, failed: Failed, sizes: Sizes | None = None
    ) -> None:
        self._chat, self._failed, self._sizes = chat, failed, sizes or Sizes()
        self._tactics = interpretive(codebook.tactics)
        self._known = frozenset(tactic.id for tactic in codebook.tactics)
        self._counts: Counter[tuple[str, bool, bool]] = Counter()
        self._dropped: Counter[str] = Counter()
        self._in_a_row = self._turn_count = self._dialogue_count = self.failure_count = 0

    def added(
        self, dialogue: str, utterances: Sequence[Utterance], built_in: Sequence[Tag]
    ) -> list[Tag]:
        """The reader's tags of tactics that the built-in tagger has not found in the same turn."""
        if self._in_a_row >= _MAX_FAILURES:
            self._fail(dialogue, "not asked any more after three failures in a row")
            return []
        try:
            reply = self._read(utterances)
        except ModelError as err:
            self._in_a_row += 1
            self._fail(dialogue, str(err))
            return []
        self._in_a_row = 0
        self._count(utterances, built_in, reply)
        found = {(tag.turn, tag.tactic) for tag in built_in}
        return [tag for tag in reply.tags if (tag.turn, tag.tactic) not in found]

    def _fail(self, dialogue: str, reason: str) -> None:
        self.failure_count += 1
        self._failed(dialogue, reason)

    def _read(self, utterances: Sequence[Utterance]) -> Reply:
        """All of a dialogue, request by request. Raises ModelError."""
        tags: list[Tag] = []
        dropped: Counter[str] = Counter()
        asked, schema = {tactic.id for tactic in self._tactics}, schema_of(self._tactics)
        for batch in batches_of(utterances, self._sizes):
            said = self._chat.ask(messages_of(batch, self._tactics), schema)
            reply = read_reply(said, batch, asked=asked, known=self._known)
            tags += reply.tags
            dropped.update(reply.dropped)
        return Reply(tags=tuple(tags), dropped=dropped)

    def _count(
        self, utterances: Sequence[Utterance], built_in: Sequence[Tag], reply: Reply
    ) -> None:
        read = {utterance.turn for utterance in utterances if utterance.text.strip()}
        first = {(tag.turn, tag.tactic) for tag in built_in if tag.turn in read}
        second = {(tag.turn, tag.tactic) for tag in reply.tags}
        self._counts.update((key[1], key in first, key in second) for key in first | second)
        self._dropped.update(reply.dropped)
        self._turn_count += len(read)
        self._dialogue_count += 1

    def agreements(self) -> list[Agreement]:
        """Each tactic that the reader was asked for, over all turns that it has read."""
        return [self._agreement(tactic.id) for tactic in self._tactics]

    def _agreement(self, tactic: str) -> Agreement:
        both, only_built_in, only_reader = (
            self._counts[tactic, in_first, in_second]
            for in_first, in_second in ((True, True), (True, False), (False, True))
        )
        return Agreement(
            tactic=tactic,
            both=both,
            only_built_in=only_built_in,
            only_reader=only_reader,
            neither=self._turn_count - both - only_built_in - only_reader,
        )

    @property
    def dropped(self) -> dict[str, int]:
        """How many of the reader's tags were not taken, by reason."""
        return dict(sorted(self._dropped.items()))

    def document(self) -> dict[str, Any]:
        """The agreement as JSON: counts over all turns that both read, no text of the call."""
        return {
            "dialogues": self._dialogue_count,
            "failed_dialogues": self.failure_count,
            "turns": self._turn_count,
            "dropped": self.dropped,
            "tactics": [
                {
                    "tactic": one.tactic,
                    "both": one.both,
                    "only_built_in": one.only_built_in,
                    "only_reader": one.only_reader,
                    "neither": one.neither,
                    "kappa": None if one.kappa is None else round(one.kappa, 4),
                }
                for one in self.agreements()
            ],
        }
