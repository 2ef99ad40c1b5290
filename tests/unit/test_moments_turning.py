"""What the other side said, said back: who is who, where it ends, and when nothing is better."""

from __future__ import annotations

from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import shipped_rulebook
from pipeline.stages.moments.turning import MAX_WORDS, echo, turned
from pipeline.tactics.wording import word_set

STRAIN = shipped_rulebook().patterns("strain")

FEELINGS = (
    (
        "Good. Honestly I'm exhausted, I've been hiring for this role since January and my boss is"
        " on me every day about it.",
        "you’re exhausted",
    ),
    (
        "Look, I'm really frustrated, this is the third delivery in a row that came late.",
        "you’re really frustrated",
    ),
    (
        "I'm kind of overwhelmed here, I've got 6 open positions and one recruiter.",
        "you’re kind of overwhelmed here",
    ),
    (
        "I'm worried about the warranty. We got burned on that last year.",
        "you’re worried about the warranty",
    ),
    (
        "We're stuck at seventy because that's what the investors signed off, and I fought for"
        " that, believe me.",
        "you’re stuck at seventy",
    ),
    ("I had to fight for this number.", "you had to fight for this number"),
    (
        "I honestly don't know how I would explain that to my team.",
        "you don’t know how you would explain that to your team",
    ),
    ("I was afraid you'd say that.", "you were afraid I’d say that"),
    (
        "My biggest worry is that you leave after a year.",
        "your biggest worry is that I leave after a year",
    ),
    ("It keeps me up at night.", "it keeps you up at night"),
    (
        "This has been really stressful for us, and we need somebody by May.",
        "this has been really stressful for you",
    ),
    (
        "We were disappointed when your first proposal came in at 8.40.",
        "you were disappointed when my first proposal came in at 8.40",
    ),
    (
        "That puts us in a difficult spot with Keller and Sons.",
        "that puts you in a difficult spot with Keller and Sons",
    ),
    ("It's tough when you have two kids and a mortgage.", "it’s tough"),
    ("I feel let down, to be honest.", "you feel let down"),
    ("Well, I am torn, because I like both of you.", "you’re torn"),
    ("I'm not angry, I'm disappointed.", "you’re disappointed"),
    ("We struggle to find people who stay.", "you struggle to find people who stay"),
    ("The thing is, we're under pressure from Berlin.", "you’re under pressure from Berlin"),
    (
        "I'm afraid of losing Maria, she's the only one who knows the system.",
        "you’re afraid of losing Maria",
    ),
    (
        "You know, I'm tired of explaining myself to your boss.",
        "you’re tired of explaining yourself to my boss",
    ),
    (
        "I'm worried about what you'd do with our data.",
        "you’re worried about what I’d do with your data",
    ),
    ("I worry, and my wife worries too, that I'd never be home.", "you worry"),
    (
        "I can't tell you how frustrated I am with your people.",
        "you can’t tell me how frustrated you are with my people",
    ),
    (
        "I'm really worried that if we give you that, everyone else will want it too.",
        "you’re really worried",
    ),
    ("I hate that we're arguing about this.", "you hate that we’re arguing about this"),
    ("We hate to lose you.", "you hate to lose me"),
    ("Our concern is the timing, the budget and the team.", "your concern is the timing"),
    ("I feel like we're being ignored.", "you’re being ignored"),
    (
        "It makes me nervous that you want to start before I've signed.",
        "it makes you nervous that I want to start before you’ve signed",
    ),
    (
        "I'm a bit worried I was too generous with you.",
        "you’re a bit worried you were too generous with me",
    ),
    ("it's been hard on my team and me", "it’s been hard on your team and you"),
    (
        "We got burned with the last caterer, they turned up with half the covers and shrugged, so"
        " you'll forgive me if I'm picking at every line of this.",
        "you got burned with the last caterer",
    ),
    ("I don't know what we would do without you.", "you don’t know what you would do without me"),
    (
        "Look, my fear is we lose the client and then you blame us.",
        "your fear is you lose the client",
    ),
    ("I was told you were skeptical.", "you were told I was skeptical"),
    ("We're exhausted, Tom.", "you’re exhausted"),
    ("I'm so tired", "you’re so tired"),
    ("Am I worried? Yes, I'm worried.", "you’re worried"),
    ("It's painful, for us as much as for you.", "it’s painful"),
    (
        "I'm uneasy with the way you're going about this.",
        "you’re uneasy with the way I’m going about this",
    ),
    ("I'm worried 😟 about the date.", "you’re worried about the date"),
    (
        "I, um, I was, I was worried, you know, about my kids.",
        "you were worried about your kids",
    ),
)
STATEMENTS = (
    (
        "Oh, we'll definitely look at that once you've settled in.",
        "you’ll definitely look at that once I’ve settled in",
    ),
    (
        "Sure, yeah. I'll try to get somebody on that at some point.",
        "you’ll try to get somebody on that at some point",
    ),
    ("We'd look at your salary again later on.", "you’d look at my salary again later on"),
    ("We'll see what we can do there.", "you’ll see what you can do there"),
    (
        "I can probably get you something by summer.",
        "you can probably get me something by summer",
    ),
    ("My boss might sign it, and then we'd send it to you.", "your boss might sign it"),
    ("I'd rather leave it where it is.", "you’d rather leave it where it is"),
    ("We already have two tools for that.", "you already have two tools for that"),
    ("Fridays are hard for us.", "Fridays are hard for you"),
    ("Lena in HR will call you tomorrow.", "Lena in HR will call me tomorrow"),
    (
        "You are the first person I asked, and you were right.",
        "I’m the first person you asked",
    ),
    ("I think you guys are too expensive.", "we’re too expensive"),
    ("We agreed on 90, you and I.", "we agreed on 90"),
    ("That's what I told you last week.", "that’s what you told me last week"),
    (
        "I'll be honest with you: the budget is $120,000, not a cent more.",
        "the budget is $120,000",
    ),
    (
        "We hired our last two people at 95,000, so I know what the market pays.",
        "you hired your last two people at 95,000",
    ),
    (
        "My boss told me she’d ask you, and I hope she does.",
        "your boss told you she’d ask me",
    ),
    (
        "I wasn't the one who promised you that.",
        "you weren’t the one who promised me that",
    ),
    (
        "If you sign this week, we can start on March 3rd.",
        "if I sign this week, you can start on March 3rd",
    ),
    (
        "The offer I made you is the best we have, because our board set the limit in January.",
        "the offer you made me is the best you have",
    ),
    (
        "The contract you sent us isn't the one we agreed on.",
        "the contract I sent you isn’t the one we agreed on",
    ),
    (
        "I'd like you and your team to come to Hamburg.",
        "you’d like me and my team to come to Hamburg",
    ),
    (
        "Hopefully we'll have something for you by spring.",
        "hopefully you’ll have something for me by spring",
    ),
    ("I'm sure we can work something out.", "you’re sure we can work something out"),
    ("As you know, we don't do discounts.", "you don’t do discounts"),
    ("I can't promise you anything", "you can’t promise me anything"),
    (
        "My wife and I are looking at schools near you.",
        "your wife and you are looking at schools near me",
    ),
    (
        "we have been going back and forth with the people in finance about the budget for the"
        " new team in the Hamburg office for the whole of last year",
        "you have been going back and forth with the people in finance about the budget",
    ),
    ("me and my brother own the shop", "you and your brother own the shop"),
    (
        "we were hoping you'd come down a little, given our volume",
        "you were hoping I’d come down a little",
    ),
    (
        "You and your team have been great to us.",
        "my team and I have been great to you",
    ),
)
NOTHING = (
    "Maybe.",
    "Sure, probably next year.",
    "Let's see how it goes.",
    "What would you need from us?",
    "Put it in writing.",
    "That my people don't get called at night.",
    "Somebody who can calm down the two teams in Lyon.",
    "You never know what you'll get.",
    "",
    "...",
    "😟",
    "Yeah, yeah.",
)
ECHOES = (
    ("I'm worried about the warranty.", "worried about the warranty"),
    ("We got burned on that last year.", "burned on that last year"),
    ("The timing's just not great for us.", "not great for you"),
    ("It's the middle of our band for this level.", "your band for this level"),
    ("My director wants a name by 5.", "a name by 5"),
    ("I fought for this budget.", "this budget"),
    ("Sure, probably next year.", "probably next year"),
    ("Maybe.", "maybe"),
    ("", ""),
)


@pytest.mark.parametrize(("said", "expected"), FEELINGS)
def test_the_clause_that_holds_the_feeling_is_said_back(said: str, expected: str) -> None:
    """I and you are exchanged, the verb agrees, and it ends where the clause ends."""
    assert turned(said, focus=STRAIN) == expected


@pytest.mark.parametrize(("said", "expected"), STATEMENTS)
def test_a_statement_is_said_back(said: str, expected: str) -> None:
    """Without a focus the first whole statement is taken, its names and figures as they were."""
    assert turned(said) == expected


@pytest.mark.parametrize("said", NOTHING)
def test_nothing_is_said_back_rather_than_something_broken(said: str) -> None:
    """Questions, orders, fragments and sayings about everyone make no line."""
    assert turned(said) == ""


@pytest.mark.parametrize(("said", "expected"), ECHOES)
def test_the_last_words_are_said_back(said: str, expected: str) -> None:
    """A mirror is a few words from the end that belong together."""
    assert echo(said) == expected


@given(st.text(max_size=300))
def test_any_text_gives_a_short_line_or_none(text: str) -> None:
    """Whatever was said: no error, no braces of ours, never more words than the most."""
    assert len(turned(text).split()) <= MAX_WORDS
    assert len(echo(text).split()) <= MAX_WORDS


@given(
    st.lists(
        st.sampled_from(
            sorted(
                word_set(
                    "I you we me us my your am are was were and but so because if when that the"
                    " budget worried , . ? to of for will can't I'm you're we've what don't"
                    " 90,000 Lena"
                )
            )
        ),
        max_size=60,
    )
)
def test_what_is_said_back_ends_whole(words: list[str]) -> None:
    """No line ends in a word that wants another, and none begins with a mark or a small i."""
    line = turned(" ".join(words), focus=STRAIN)
    assert line.split()[-1:] not in [["and"], ["but"], ["because"], ["the"], ["of"], ["to"]]
    assert " i " not in f" {line} "
    assert not line.startswith((",", ".", "?"))


def test_a_turn_of_ten_thousand_words_is_fast() -> None:
    """A long turn takes well under a second or two, without marks as with them."""
    start_s = perf_counter()
    turned("I am worried about the plan and we have no money, " * 1_000, focus=STRAIN)
    turned("word " * 10_000, focus=STRAIN)
    echo("we never stop " * 3_500)
    assert perf_counter() - start_s < 5


def test_what_recognisers_write_for_we_will_is_said_back_as_it_was_meant() -> None:
    """ "We all see" stands for "we'll see"; "we all agree" is what it says."""
    assert turned("We all see what we can do.") == "you’ll see what you can do"
    assert "all" in turned("We all agree on the price.")
