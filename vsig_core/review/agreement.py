"""How far people agree, and which judged pairs a second person judges blind.

Asked is one question of each pair: do the two carry one signature? The answers
are "same" (POSITIVE), "similar" (SIMILAR) and "apart" (NEGATIVE, DIFFERENT).
Whether two pictures are one photograph is another question, and "unsure" is no
answer: both are left out.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from vsig_core.annotations import latest_answers
from vsig_core.annotations.judgement import Judgement, Pair

ANSWERS = {"POSITIVE": "same", "SIMILAR": "similar", "NEGATIVE": "apart", "DIFFERENT": "apart"}
"""Type of a judgement to the answer that is compared."""

Answers = Mapping[Pair, Mapping[str, str]]


@dataclass(frozen=True)
class Agreement:
    """How two people judged the pairs that both judged.

    Parameters
    ----------
    one, other
        Their names, in order.
    pairs
        How many pairs both judged.
    agreed
        On how many of them they gave the same answer.
    kappa
        Cohen's kappa: 1 is full agreement, 0 what their habits give by chance; None
        where both always gave one and the same answer: nothing could be told apart.
    """

    one: str
    other: str
    pairs: int
    agreed: int
    kappa: float | None

    @property
    def share(self) -> float:
        """Share of the pairs on which they agree."""
        return self.agreed / self.pairs


def answers_of(judgements: Iterable[Judgement]) -> dict[Pair, dict[str, str]]:
    """The latest answer of each named person to each pair, of judgements in force."""
    found: dict[Pair, dict[str, str]] = defaultdict(dict)
    for judgement in latest_answers(judgements):
        if judgement.annotator and judgement.type in ANSWERS:
            found[judgement.pair][judgement.annotator] = ANSWERS[judgement.type]
    return dict(found)


def agreement(
    answers: Answers, counted: Callable[[Pair], bool] = lambda _pair: True
) -> list[Agreement]:
    """Compare every two people who judged some pair both.

    Parameters
    ----------
    answers
        Of `answers_of`.
    counted
        Which pairs count.

    Returns
    -------
    Those with most pairs in common first.
    """
    together: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for pair, given in answers.items():
        if counted(pair):
            for one, other in combinations(sorted(given), 2):
                together[one, other].append((given[one], given[other]))
    found = [
        Agreement(one, other, len(both), sum(a == b for a, b in both), cohens_kappa(both))
        for (one, other), both in together.items()
    ]
    return sorted(found, key=lambda row: (-row.pairs, row.one, row.other))


def cohens_kappa(both: list[tuple[str, str]]) -> float | None:
    """Agreement beyond chance of two people's answers to the same questions.

    (observed - expected) / (1 - expected), where expected is how often two people
    agree who draw their answers by chance, each with their own frequencies. None
    without answers, and where expected is 1.
    """
    if not both:
        return None
    n = len(both)
    ones, others = Counter(a for a, _ in both), Counter(b for _, b in both)
    expected = sum(ones[answer] * others[answer] for answer in ones) / n**2
    if expected == 1:
        return None
    observed = sum(a == b for a, b in both) / n
    return (observed - expected) / (1 - expected)


def goes_to_a_second(pair: Pair, share: float) -> bool:
    """Whether a judged pair is one of the share that a second person judges blind.

    By a hash of the pair: the same on every machine and at all times, so that
    nobody chooses which.

    Parameters
    ----------
    share
        In [0, 1].
    """
    return _draw(pair) < share


def second_opinions(answers: Answers, person: str, share: float) -> list[Pair]:
    """Pairs that one other person judged, and that this one is asked about, blind.

    In an order that does not tell who judged them, when, or how.
    """
    wanted = [
        pair
        for pair, given in answers.items()
        if len(given) == 1 and person not in given and goes_to_a_second(pair, share)
    ]
    return sorted(wanted, key=lambda pair: (_draw(pair), pair))


def _draw(pair: Pair) -> float:
    """A number in [0, 1) from the pair."""
    text = "second\0" + "\0".join(sorted(pair))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) / 2**64
