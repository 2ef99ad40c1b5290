"""Typed chat to words that can be spoken and heard: numbers spelt out, shorthand undone."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
TENS = ["zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
ORDINALS = {"1st": "first", "2nd": "second", "3rd": "third", "4th": "fourth", "5th": "fifth"}
SHORTHAND = {
    "u": "you",
    "ur": "your",
    "r": "are",
    "n": "and",
    "thx": "thanks",
    "ty": "thank you",
    "pls": "please",
    "plz": "please",
    "ok": "okay",
    "k": "okay",
    "hrs": "hours",
    "hr": "hour",
    "yr": "year",
    "im": "I'm",
    "ive": "I've",
    "dont": "don't",
    "doesnt": "doesn't",
    "didnt": "didn't",
    "cant": "can't",
    "wont": "won't",
    "isnt": "isn't",
    "thats": "that's",
    "youre": "you're",
    "lets": "let's",
    "whats": "what's",
    "couldnt": "couldn't",
    "wouldnt": "wouldn't",
    "theres": "there's",
    "theyre": "they're",
    "havent": "haven't",
    "i": "I",
    "i'm": "I'm",
    "i'll": "I'll",
    "i've": "I've",
    "i'd": "I'd",
    "usd": "dollars",
    "w/": "with",
    "uhm": "um",
    "hmm": "um",
    "lol": "",
    "haha": "",
    "hehe": "",
    "alot": "a lot",
    "aggree": "agree",
    "definately": "definitely",
    "recieve": "receive",
    "untill": "until",
}
SYMBOLS = {"&": " and ", "+": " plus ", "=": " is ", "#": " number ", "…": ". ", "’": "'"}
NUMBER = re.compile(
    r"(?P<money>\$)?(?P<digits>\d[\d,]*\d|\d)(?:\.00)?(?P<thousand>[kK]\b)?"
    r"\s*(?:(?P<percent>%)|(?P<dollars>\$|usd\b|dollars\b))?",
    re.IGNORECASE,
)
GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+|\d+")
SPEAKABLE = re.compile(r"[A-Za-z][A-Za-z' ,\-]*[.?!]")
LARGEST = 999_999


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """An amount as spoken, and the forms in which a transcript may write it."""

    spoken: str
    written: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """Words to speak, with the numbers among them."""

    text: str
    numbers: tuple[Number, ...] = ()


def spell(value: int) -> str:
    """A whole number up to 999,999 in American words, without "and"."""
    if not 0 <= value <= LARGEST:
        raise ValueError(f"{value} is outside 0 to {LARGEST}; spell it in the text")
    if value < len(ONES):
        return ONES[value]
    if value < 100:
        tens, ones = divmod(value, 10)
        return TENS[tens] + (f" {ONES[ones]}" if ones else "")
    size, name = (1000, "thousand") if value >= 1000 else (100, "hundred")
    count, rest = divmod(value, size)
    return f"{spell(count)} {name}" + (f" {spell(rest)}" if rest else "")


def number_from(found: re.Match[str]) -> Number:
    """The number that NUMBER matched. Raises ValueError for one that nobody can read."""
    if not GROUPED.fullmatch(found["digits"]):
        raise ValueError(f"{found['digits']} is no number")
    value = int(found["digits"].replace(",", "")) * (1000 if found["thousand"] else 1)
    money, spoken = found["money"] or found["dollars"], spell(value)
    plain = dict.fromkeys((f"{value:,}", str(value)))
    if found["percent"]:
        return Number(spoken=f"{spoken} percent", written=(f"{value}%", f"{value} percent"))
    if value >= 1000 and value % 1000 == 0:
        plain |= dict.fromkeys((f"{value // 1000} thousand", f"{value // 1000}k"))
    if money:
        plain = dict.fromkeys([*(f"${form}" for form in plain), *(f"{f} dollars" for f in plain)])
        spoken = f"{spoken} dollars"
    return Number(spoken=spoken, written=tuple(plain))


def plain_text(text: str) -> str:
    """One line without emoji, odd signs and glued numbers."""
    for sign, word in SYMBOLS.items():
        text = text.replace(sign, word)
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    text = re.sub(r"[;:()\"*_~<>\[\]\\]+|\s-+\s|--+", ", ", text)
    text = re.sub(r"(?<=\d)\s*[-/:]\s*(?=\d)", " to ", text)
    text = re.sub(r"(?<=\d)(?=(?!k\b|nd\b|rd\b|th\b|st\b)[a-zA-Z])", " ", text, flags=re.IGNORECASE)
    text = re.sub(r"(?<=[a-zA-Z])(?=\d)|(?<=[a-zA-Z][.?!,])(?=[a-zA-Z]{2})", " ", text)
    text = text.replace("/", " or ")
    return re.sub(r"\s+", " ", re.sub(r"\s*,[\s,]*", ", ", re.sub(r"(?<=\d),(?=\d)", "\0", text)))


def split_sentences(text: str) -> list[str]:
    """The typed sentences, each with one closing mark."""
    parts = re.findall(r"[^.?!]+[.?!]*", plain_text(text).replace("\0", ","))
    return [f"{part.strip(' ,.?!')}{'?' if '?' in part[-3:] else '.'}" for part in parts]


def tidy_word(word: str) -> str:
    """A typed word as written out: shorthand undone, shouting lowered, ordinals spelt."""
    core = word.strip(",.?!")
    lowered = core.lower()
    plain = ORDINALS.get(lowered, SHORTHAND.get(lowered))
    if plain is None:
        plain = lowered if len(core) > 1 and core.isupper() else core
    return word.replace(core, plain) if core else ""


def tidy_sentence(typed: str) -> Sentence | None:
    """The sentence to speak, or None where it holds something that nobody can say."""
    words = " ".join(filter(None, (tidy_word(word) for word in typed.split())))
    try:
        numbers = tuple(number_from(found) for found in NUMBER.finditer(words))
    except ValueError:
        return None
    spoken = iter(numbers)
    text = NUMBER.sub(lambda found: next(spoken).spoken + blank_after(found), words)
    text = re.sub(r"\s+([,.?!])", r"\1", re.sub(r"\s+", " ", text)).strip(" ,'-")
    text = text[:1].upper() + text[1:]
    return Sentence(text=text, numbers=numbers) if SPEAKABLE.fullmatch(text) else None


def blank_after(found: re.Match[str]) -> str:
    """The blank that NUMBER swallowed, if it did."""
    return " " if found[0] != found[0].rstrip() else ""
