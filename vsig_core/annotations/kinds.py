"""The words of a judgement, how strong they are, and which contradict one another.

Two questions are asked of a pair. *Do they carry one signature?* POSITIVE,
SIMILAR, NEGATIVE, DIFFERENT. *Are they one photograph or object?* DUPLICATE,
NOT_DUPLICATE. A print is not a duplicate of its painting and still carries its
signature, so an answer to the second question never replaces one to the first,
except where both cannot hold (DUPLICATE with NEGATIVE or DIFFERENT).
"""

PAIR_TYPES = ("DUPLICATE", "POSITIVE", "NEGATIVE", "DIFFERENT", "SIMILAR", "NOT_DUPLICATE")
"""Types that make links, the one that stands first: POSITIVE before SIMILAR, and so on."""

VERDICT_TYPES = ("CORRECT", "WRONG")
"""Verdicts on a whole cluster; they never make links."""

TYPES = frozenset({*PAIR_TYPES, *VERDICT_TYPES, "UNSURE", "SETTLE", "RETRACT", "PROPOSAL"})

LEAVE = "LEAVE"
"""Outcome of a SETTLE that decides nothing: the pair stays out of training."""

_OBJECT = frozenset({"DUPLICATE", "NOT_DUPLICATE"})
_RANK = {kind: rank for rank, kind in enumerate(PAIR_TYPES)}
_CONTRADICTIONS = frozenset(
    frozenset(pair)
    for pair in (
        ("POSITIVE", "NEGATIVE"),
        ("POSITIVE", "DIFFERENT"),
        ("SIMILAR", "DIFFERENT"),
        # "Never mined as a negative" and "a hard negative" cannot both be obeyed.
        ("SIMILAR", "NEGATIVE"),
        ("DUPLICATE", "NOT_DUPLICATE"),
        ("DUPLICATE", "NEGATIVE"),
        ("DUPLICATE", "DIFFERENT"),
    )
)


def read_type(text: str) -> str | None:
    """The type that a cell means; None where it means none.

    >>> read_type("non-duplicate")
    'NOT_DUPLICATE'
    """
    word = text.strip().upper().replace("-", "_").replace(" ", "_")
    word = "NOT_DUPLICATE" if word == "NON_DUPLICATE" else word
    return word if word in TYPES else None


def read_outcome(text: str | None) -> str | None:
    """What a SETTLE decides: a type of links, or LEAVE; None where it is neither."""
    word = (text or "").strip().upper()
    if word == LEAVE:
        return LEAVE
    kind = read_type(word)
    return kind if kind in _RANK else None


def contradict(one: str, other: str) -> bool:
    """Whether two judgements of one pair cannot both be in force."""
    return frozenset((one, other)) in _CONTRADICTIONS


def replaces(later: str, earlier: str) -> bool:
    """Whether one person's later judgement of a pair takes the place of an earlier one."""
    return (later in _OBJECT) == (earlier in _OBJECT) or contradict(later, earlier)


def strongest(kinds: set[str]) -> str:
    """The judgement that stands where several are in force: POSITIVE over SIMILAR."""
    return min(kinds, key=_RANK.__getitem__)
