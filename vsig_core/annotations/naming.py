"""Ids of groups of pictures that last as long as the groups do."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence


def keep_ids(
    groups: Sequence[Sequence[str]],
    previous: Mapping[str, Iterable[str]],
    births: Sequence[str],
    prefix: str,
) -> list[str]:
    """Give each group the id that most of it had, else a new one.

    Each id goes to the group that holds most of its pictures; where several ids
    meet in one group, that of the largest earlier group stays. An id that was in
    use is never given to other pictures.

    Parameters
    ----------
    groups
        Uids of each group. Groups may overlap.
    previous
        uid to the ids of the groups it was in.
    births
        For each group, text from which a new id would be made.
    prefix
        Of new ids, such as "c-".

    Returns
    -------
    One id for each group, in order.
    """
    sizes = Counter(name for names in previous.values() for name in names)
    claims = [
        (-overlap, -sizes[name], name, min(group), number)
        for number, group in enumerate(groups)
        for name, overlap in Counter(
            name for uid in group for name in previous.get(uid, ())
        ).items()
    ]
    ids: dict[int, str] = {}
    taken: set[str] = set()
    for _, _, name, _, number in sorted(claims):
        if number not in ids and name not in taken:
            ids[number] = name
            taken.add(name)
    used = taken | sizes.keys()
    for number, birth in enumerate(births):
        if number not in ids:
            ids[number] = _new_id(birth, prefix, used)
            used.add(ids[number])
    return [ids[number] for number in range(len(groups))]


def _new_id(birth: str, prefix: str, used: set[str]) -> str:
    attempt = 0
    while True:
        text = birth if not attempt else f"{birth}\0{attempt}"
        name = prefix + hashlib.sha256(text.encode()).hexdigest()[:12]
        if name not in used:
            return name
        attempt += 1
