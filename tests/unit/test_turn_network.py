"""The network of tactics on toy word vectors: what it is given, and whose words its shares are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import ModelError
from pipeline.models.turn_network import (
    OTHER_TOKENS,
    TOKENS,
    Floats,
    Score,
    _by_word,
    _inputs,
    _Read,
    _read,
    _scored,
    load_turn_network,
)
from pipeline.stages.tactics import shipped_classifier

LETTERS = "abcdefghijklmnopqrstuvwxyz"
VOCABULARY = ["[PAD]", "[UNK]", *LETTERS, *(f"##{letter}" for letter in LETTERS)]
FIRST, BETWEEN, WIDTH = 101, 102, 384
FACTS = 2 * len(shipped_classifier().hits) + 4
TACTICS = len(shipped_classifier().tactics)


def layers() -> bytes:
    """The shipped layers, as they are."""
    return (files("pipeline") / "weights" / "tactics.onnx").read_bytes()


@pytest.fixture(scope="module")
def toy_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stands for MiniLM: each letter a token, with vectors drawn by lot."""
    from safetensors.numpy import save_file

    folder = tmp_path_factory.mktemp("minilm")
    names = VOCABULARY + [f"[unused{at}]" for at in range(len(VOCABULARY), BETWEEN + 1)]
    tokenizer = {
        "version": "1.0",
        "truncation": {
            "direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0,
        },
        "padding": {
            "strategy": {"Fixed": 6}, "direction": "Right", "pad_to_multiple_of": None,
            "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]",
        },
        "added_tokens": [],
        "normalizer": {
            "type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
            "strip_accents": None, "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": None,
        "decoder": None,
        "model": {
            "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {name: at for at, name in enumerate(names)},
        },
    }  # fmt: skip
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    table = np.random.default_rng(1).normal(0, 0.05, (len(names), WIDTH)).astype(np.float32)
    save_file({"embeddings.word_embeddings.weight": table}, folder / "model.safetensors")
    return folder


@pytest.fixture(scope="module")
def score(toy_folder: Path) -> Score:
    """The shipped layers on the toy vectors."""
    return load_turn_network(toy_folder, layers())


def facts_for(texts: Sequence[str]) -> Floats:
    return np.zeros((len(texts), FACTS), dtype=np.float32)


def shares_of(score: Score, *texts: str) -> list[Floats]:
    """What each word of some texts added, the other side silent."""
    return list(score(texts, [""] * len(texts), facts_for(texts))[1])


# --- loading


def test_a_folder_without_the_weights_is_an_error(tmp_path: Path) -> None:
    """It says which folder, and what it was to hold."""
    with pytest.raises(ModelError, match="not the text weights that tactics need") as caught:
        load_turn_network(tmp_path, layers())
    assert str(tmp_path) in str(caught.value)
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize("name", ["tokenizer.json", "model.safetensors"])
@pytest.mark.parametrize("content", [None, b"", b"{}", b"\x00\xff" * 40])
def test_files_that_are_missing_or_broken_are_an_error(
    tmp_path: Path, toy_folder: Path, name: str, content: bytes | None
) -> None:
    """Either file alone is not enough."""
    for own in toy_folder.iterdir():
        if own.name != name:
            (tmp_path / own.name).write_bytes(own.read_bytes())
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match="text weights"):
        load_turn_network(tmp_path, layers())


def test_weights_without_the_table_of_words_are_an_error(tmp_path: Path, toy_folder: Path) -> None:
    """Weights of something else, in files of the same names."""
    from safetensors.numpy import save_file

    (tmp_path / "tokenizer.json").write_bytes((toy_folder / "tokenizer.json").read_bytes())
    save_file({"other": np.zeros((2, 2), dtype=np.float32)}, tmp_path / "model.safetensors")
    with pytest.raises(ModelError, match="text weights"):
        load_turn_network(tmp_path, layers())


def test_layers_that_are_no_network_are_an_error(toy_folder: Path) -> None:
    """As a package that was cut short would have them."""
    with pytest.raises(ModelError):
        load_turn_network(toy_folder, b"no network")


# --- what goes in


def encoded(*tokens: tuple[int, int, int]) -> Any:
    """A tokenizer's answer: (id, start, end) of each token."""
    return SimpleNamespace(
        ids=[one for one, _, _ in tokens], offsets=[(start, end) for _, start, end in tokens]
    )


def test_a_turn_is_its_tokens_then_the_other_sides() -> None:
    """Marks around each; tokens of a turn know the word that they are pieces of."""
    own = encoded((7, 0, 1), (8, 1, 2), (9, 3, 5))
    read = _read("ab cd", own, encoded((5, 0, 2)))
    assert read == _Read(ids=[FIRST, 7, 8, 9, BETWEEN, 5, BETWEEN], own=5, words=[0, 0, 1])


def test_where_the_other_side_is_silent_there_is_no_second_part() -> None:
    """Nor a mark for it; a turn without tokens is its marks alone."""
    assert _read("a", encoded((7, 0, 1)), encoded()).ids == [FIRST, 7, BETWEEN]
    assert _read("", encoded(), encoded()) == _Read(ids=[FIRST, BETWEEN], own=2, words=[])


def test_the_start_of_a_turn_and_the_end_of_the_others_count() -> None:
    """The first 64 tokens of the one, the last 32 of the other."""
    many = encoded(*((at, 2 * at, 2 * at + 1) for at in range(200)))
    read = _read("x " * 200, many, many)
    assert read.ids[1 : 1 + TOKENS] == list(range(TOKENS))
    assert read.ids[TOKENS + 2 : -1] == list(range(200 - OTHER_TOKENS, 200))
    assert read.words == list(range(TOKENS))
    assert (read.own, len(read.ids)) == (66, 99)


def test_inputs_mark_the_parts() -> None:
    """The other side's tokens and their mark are the second part; nothing is padded."""
    read = _Read(ids=[1, 2, 3, 4, 3], own=3, words=[0])
    table = np.arange(10, dtype=np.float32).reshape(5, 2)
    given = _inputs(read, np.ones(3, dtype=np.float32), table)
    assert given["words"].tolist() == [table[[1, 2, 3, 4, 3]].tolist()]
    assert given["part"].tolist() == [[0, 0, 0, 1, 1]]
    assert given["mask"].tolist() == [[1, 1, 1, 1, 1]]


# --- what comes out


def test_shares_of_pieces_are_summed_by_word() -> None:
    """Marks and the other side's tokens count for nothing; a word without a token has no share."""
    read = _Read(ids=[FIRST, 1, 2, 3, 4, BETWEEN, 9, BETWEEN], own=6, words=[0, 0, 1, 3])
    added = np.array([[50, 1, 2, 4, 8, 60, 70, 80], [0, 1, 0, 0, -1, 0, 0, 0]], dtype=np.float32)
    assert _by_word(read, added).tolist() == [[3, 1], [4, 0], [0, 0], [8, -1]]


def test_a_text_without_tokens_has_no_shares() -> None:
    """No rows, and still a column for each tactic."""
    read = _Read(ids=[FIRST, BETWEEN], own=2, words=[])
    assert _by_word(read, np.ones((3, 5), dtype=np.float32)).shape == (0, 3)


class EchoSession:
    """Stands for the layers: the score is the length, each token adds its id."""

    def run(self, _: None, inputs: dict[str, npt.NDArray[Any]]) -> list[Floats]:
        """Vectors of the table are the ids themselves."""
        assert inputs["facts"][:, 0].tolist() == inputs["mask"].sum(1).tolist()
        return [inputs["mask"].sum(1)[:, None], inputs["words"][..., 0][:, None, :]]


@settings(max_examples=50)
@given(st.lists(st.integers(0, TOKENS), min_size=1, max_size=100))
def test_results_come_back_in_the_order_of_the_texts(lengths: list[int]) -> None:
    """Whichever was done first, and each with its own facts."""
    reads = [
        _Read(ids=[0, *range(size), 0], own=size + 2, words=list(range(size))) for size in lengths
    ]
    table = np.arange(TOKENS, dtype=np.float32)[:, None]
    facts = np.array([[size + 2.0] for size in lengths], dtype=np.float32)
    scores, added = _scored(reads, facts, table=table, session=EchoSession(), workers=4)
    assert scores[:, 0].tolist() == [size + 2 for size in lengths]
    assert [own[:, 0].tolist() for own in added] == [list(range(size)) for size in lengths]


def test_the_shipped_layers_fit_the_shipped_classifier(score: Score) -> None:
    """As many scores as tactics; facts of another width are refused."""
    scores, added = score(["a tent"], ["b"], facts_for(["a tent"]))
    assert (scores.shape, added[0].shape) == ((1, TACTICS), (2, TACTICS))
    with pytest.raises(Exception, match=r"facts|Gemm|imension"):
        score(["a tent"], ["b"], np.zeros((1, FACTS + 1), dtype=np.float32))


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", 0),
        ("a", 1),
        ("we slept in a tent", 5),
        ("don't stop", 2),  # an apostrophe is a token of its own, no word
        ("😀 ok", 2),
        ("well \ud800 fine", 3),  # a lone surrogate
        ("\udcff", 1),
        ("naïve café", 2),
        ("你好 ok", 2),  # each sign a token, two of them a word
        ("ab " * 31 + "abcd abcd", 32),  # 62 tokens, and two of the next word's four
        ("a " * 64 + "b", 64),
        ("a" * 99 + " b", 1),
    ],
)
def test_each_word_that_is_read_has_a_share(score: Score, text: str, rows: int) -> None:
    """A row for each word split by blanks, as far as 64 tokens reach; truncation is our own."""
    (shares,) = shares_of(score, text)
    assert shares.shape == (rows, TACTICS)
    assert np.isfinite(shares).all()


@settings(max_examples=40)
@given(texts=st.lists(st.text(st.characters(), max_size=40), min_size=1, max_size=4))
def test_any_text_is_scored(score: Score, texts: list[str]) -> None:
    """Whatever people say, with no more shares than words."""
    scores, added = score(texts, texts[::-1], facts_for(texts))
    assert scores.shape == (len(texts), TACTICS)
    assert np.isfinite(scores).all()
    assert all(len(own) <= text.count(" ") + 1 for own, text in zip(added, texts, strict=True))


def test_what_is_beyond_sixty_four_tokens_changes_nothing(score: Score) -> None:
    """And of the other side only the last thirty-two count."""
    start, end = "a b " * 32, "c d " * 16
    facts = facts_for([start])
    plain = score([start], [end], facts)[0]
    assert np.array_equal(plain, score([start + "x y z"], [end], facts)[0])
    assert np.array_equal(plain, score([start], ["x y z " + end], facts)[0])
    assert not np.array_equal(plain, score([start], [end + "x y z"], facts)[0])


def test_words_and_facts_and_the_other_side_all_count(score: Score) -> None:
    """Each of them changes the scores."""
    nothing, something = facts_for([""]), np.ones((1, FACTS), dtype=np.float32)
    of = [
        score(["a"], [""], nothing)[0],
        score(["b"], [""], nothing)[0],
        score(["a"], ["c"], nothing)[0],
        score(["a"], [""], something)[0],
    ]
    assert len({one.tobytes() for one in of}) == 4


def test_a_text_scores_alone_as_in_company(score: Score) -> None:
    """To the last bit: what was said elsewhere in a call is no reason for another tag."""
    texts = ["a tent", "what matters most to you", "", "no", "we slept in a hut"]
    others = ["", "i see", "so", "", "a hut"]
    facts = np.random.default_rng(2).random((5, FACTS)).astype(np.float32)
    scores, added = score(texts, others, facts)
    for at, (text, other) in enumerate(zip(texts, others, strict=True)):
        alone, own = score([text], [other], facts[at : at + 1])
        assert np.array_equal(alone[0], scores[at])
        assert np.array_equal(own[0], added[at])
