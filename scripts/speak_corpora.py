"""Speak the turns of CaSiNo and NegoChat, recognise them, and write both texts of every turn.

Tags are right or wrong on what was typed; calls are spoken. Each dialogue is spoken by two of
the synthetic voices over a telephone line with mild noise (spoken_corpora/saying.py) and read by
Parley's own recogniser (spoken_corpora/hearing.py). OUT/spoken.jsonl has a turn a line: corpus,
dialogue, turn, speaker, clean (the corpus's text), spoken (what the voices said) and recognised;
OUT/word_errors.json has the word error rates. Dialogues that are there are not done again; the
same dialogue is spoken and read the same every time.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import chain
from multiprocessing import get_context
from pathlib import Path

from spoken_corpora.hearing import hear, load_recogniser
from spoken_corpora.keeping import add_rows, kept_rows, rows_of, word_errors, write_rows
from spoken_corpora.saying import Call, speak_dialogue

from pipeline.evaluation.corpora import Judged, casino, negochat

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("PARLEY_EVAL_DATA", ROOT.parent / "shared" / "data"))
# Raise it when any change to this code changes what is said or heard.
VERSION = 1
OUT = Path.home() / ".cache" / "parley" / "evaluation" / f"spoken-corpora-v{VERSION}"
SEED = 20
TRAIN_DIALOGUES, NEGOCHAT_DIALOGUES = 60, 70
AHEAD = 2
"""Dialogues spoken while one is read; more only fill the memory."""


def main() -> None:
    """Speak and read what is missing, then count the word errors."""
    options = _options()
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "spoken.jsonl"
    wanted = chosen(
        options.data / "corpora", train=options.casino_train, of_negochat=options.negochat
    )
    rows = kept_rows(path, wanted)
    write_rows(path, rows)
    done = {(row["corpus"], row["dialogue"]) for row in rows}
    speak_and_hear([one for one in wanted if (one.part, one.dialogue) not in done], path=path)
    found = word_errors(kept_rows(path, wanted))
    (options.out / "word_errors.json").write_text(json.dumps(found, indent=2) + "\n")
    for corpus, facts in found.items():
        print(
            f"{corpus}: {facts['dialogues']} dialogues, {facts['turns']} turns, "
            f"WER {facts['word_error_rate']:.3f}"
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=OUT, help="folder (default: in the cache)")
    parser.add_argument("--data", type=Path, default=DATA, help="folder with corpora/")
    parser.add_argument(
        "--casino-train", type=int, default=TRAIN_DIALOGUES, help="dialogues of CaSiNo train"
    )
    parser.add_argument(
        "--negochat", type=int, default=NEGOCHAT_DIALOGUES, help="dialogues of NegoChat"
    )
    options = parser.parse_args()
    if not (options.data / "corpora").is_dir():
        parser.error(f"no corpora in {options.data}; give --data")
    return options


def chosen(corpora: Path, *, train: int, of_negochat: int) -> list[Judged]:
    """All of CaSiNo valid, and that many dialogues of NegoChat and CaSiNo train.

    A larger sample holds the smaller one.
    """
    return [
        *casino(corpora, part="valid"),
        *_sample(negochat(corpora), size=of_negochat),
        *_sample(casino(corpora, part="train"), size=train),
    ]


def _sample(dialogues: Iterator[Judged], *, size: int) -> list[Judged]:
    every = list(dialogues)
    random.Random(SEED).shuffle(every)
    return every[:size]


def speak_and_hear(dialogues: Sequence[Judged], *, path: Path) -> None:
    """Speak each dialogue in a fresh process, read it in this one, and add it to the file.

    eSpeak keeps state from one text to the next: only from a fresh start is the same dialogue
    the same bytes.
    """
    if not dialogues:
        return
    model = load_recogniser()
    started = time.monotonic()
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        for number, (dialogue, call) in enumerate(_spoken(dialogues, pool), start=1):
            recognised = hear(call, model=model)
            add_rows(path, rows_of(dialogue, spoken=call.texts, recognised=recognised))
            print(
                f"{number} of {len(dialogues)}: {dialogue.part} {dialogue.dialogue}, "
                f"{len(call.samples) / 16_000:.0f} s, at {time.monotonic() - started:.0f} s",
                flush=True,
            )


def _spoken(
    dialogues: Sequence[Judged], pool: ProcessPoolExecutor
) -> Iterator[tuple[Judged, Call]]:
    """The dialogues with their calls, the next ones already being spoken."""
    under_way: deque[tuple[Judged, Future[Call]]] = deque()
    for dialogue in chain(dialogues, [None] * AHEAD):
        if dialogue is not None:
            under_way.append((dialogue, pool.submit(speak_dialogue, dialogue)))
        if under_way and (dialogue is None or len(under_way) > AHEAD):
            ready, job = under_way.popleft()
            yield ready, job.result()


if __name__ == "__main__":
    main()
