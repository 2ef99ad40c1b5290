"""Spoken and typed spellings brought to one form, so that a cue needs to know only that one."""

from __future__ import annotations

from functools import lru_cache


def word_set(listed: str) -> frozenset[str]:
    """The words of a list with blanks between."""
    return frozenset(listed.split())


_WHOLE = {
    "can't": "can not",
    "cannot": "can not",
    "won't": "will not",
    "shan't": "shall not",
    "ain't": "is not",
    "let's": "let us",
    "gonna": "going to",
    "wanna": "want to",
    "gotta": "got to",
    "gotcha": "got you",
    "dunno": "do not know",
    "lemme": "let me",
    "gimme": "give me",
    "kinda": "kind of",
    "sorta": "sort of",
    "y'all": "you all",
    "d'you": "do you",
    "c'mon": "come on",
    "cuz": "because",
    "coz": "because",
    "cos": "because",
    "'cause": "because",
    "u": "you",
    "ur": "your",
    "thx": "thanks",
    "thankyou": "thank you",
    "ok": "okay",
    "alright": "all right",
    "yea": "yeah",
    "yep": "yeah",
    "yup": "yeah",
    "nope": "no",
    "ya": "you",
    "etc.": "etc",
    "id": "i would",
    "im": "i am",
    "ive": "i have",
    "lets": "let us",
    "dont": "do not",
    "doesnt": "does not",
    "didnt": "did not",
    "cant": "can not",
    "wont": "will not",
    "isnt": "is not",
    "arent": "are not",
    "wasnt": "was not",
    "havent": "have not",
    "hasnt": "has not",
    "wouldnt": "would not",
    "couldnt": "could not",
    "shouldnt": "should not",
    "thats": "that is",
    "whats": "what is",
    "hows": "how is",
    "wheres": "where is",
    "whos": "who is",
    "theres": "there is",
    "youre": "you are",
    "youve": "you have",
    "youll": "you will",
    "theyre": "they are",
}
_ENDINGS = (("n't", " not"), ("'re", " are"), ("'ve", " have"), ("'ll", " will"), ("'m", " am"))
_IS_HOSTS = word_set(
    "what how where who when why that it there here he she this let one everything nothing"
)
_WOULD_HOSTS = word_set("i you we they he she it that there who what this")
_DID_HOSTS = word_set("how what why where")


@lru_cache(maxsize=65_536)
def clean_word(word: str) -> str:
    """A word or number in lower case, a contraction written out: "What's" is "what is"."""
    lower = word.lower()
    if lower in _WHOLE:
        return _WHOLE[lower]
    for ending, full in _ENDINGS:
        if lower.endswith(ending) and len(lower) > len(ending):
            return lower.removesuffix(ending) + full
    host, mark, ending = lower.partition("'")
    if mark and ending == "s" and host in _IS_HOSTS:
        return f"{host} is"
    if mark and ending == "d" and host in _DID_HOSTS:
        return f"{host} did"
    if mark and ending == "d" and host in _WOULD_HOSTS:
        return f"{host} would"
    return lower.rstrip(".") if lower[0].isalpha() else lower
