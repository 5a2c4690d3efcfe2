"""Which pictures that are new under their name were there before, under another."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import PurePosixPath

from vsig_core.corpus.listing import ListedFile

MOVED = "moved"
ID_GIVEN = "id given"


@dataclass(frozen=True)
class Move:
    """A picture that has another id now; `reason` is "moved" or "id given"."""

    old_uid: str
    uid: str
    reason: str


@dataclass(frozen=True)
class Contents:
    """What files held and hold; asked only where sizes leave it open.

    `before` gives uid to sha256 of pictures as they were read last; `now` the sha256 of
    a file, None where it cannot be read.
    """

    before: Callable[[], Mapping[str, str]]
    now: Callable[[ListedFile], str | None]


NO_CONTENTS = Contents(dict, lambda _file: None)


def find_moves(
    left: Sequence[ListedFile],
    came: Sequence[ListedFile],
    contents: Contents,
    kept: AbstractSet[str] = frozenset(),
) -> list[Move]:
    """Pair pictures that left their name with files that came under another.

    A file that still has its place, size and time of change was given an id. Else sizes
    must be equal, and then contents; a file is not read for it where its ETag says so, or
    where its own name and its time of change do and leave no choice, as after a folder
    was renamed. (Should that err, reading the file shows another content.) What is left
    then and lies at the same place was given an id, whatever it holds.

    Parameters
    ----------
    left
        Files as they were, of pictures that are gone or whose file changed. What still
        lies where it lay is no part of them: a copy is no move.
    came
        Files that are new or changed, as they are: of two files that changed names both
        stand in both lists.
    kept
        Uids that had a file and have one. Theirs is read only where its time of change
        is that of another one's: a rename leaves it, and what was merely saved or
        touched is not read twice.

    Returns
    -------
    By new uid; no picture and no file is in two of them.
    """
    pairing = _Pairing(left, came)
    pairing.match(lambda file: (file.uri, file.size, file.modified), ID_GIVEN)
    pairing.match(lambda file: (file.etag, file.size) if file.etag else None, MOVED)
    pairing.match(_name_and_time, MOVED)
    pairing.match_contents(contents, kept)
    # Given an id and saved again at once. Whether it still shows the same is seen on reading it.
    pairing.match(lambda file: file.uri, ID_GIVEN)
    return sorted(pairing.moves, key=lambda move: move.uid)


def _name(file: ListedFile) -> str:
    return PurePosixPath(file.uri).name


def _name_and_time(file: ListedFile) -> Hashable:
    if file.modified is None:  # on the web: many addresses end in "default.jpg"
        return None
    return _name(file), file.size, file.modified


class _Pairing:
    """What is still to be paired, and the pairs so far."""

    def __init__(self, left: Sequence[ListedFile], came: Sequence[ListedFile]) -> None:
        self._left = {file.uid: file for file in left}
        self._came = {file.uid: file for file in came}
        self.moves: list[Move] = []

    def match(self, key: Callable[[ListedFile], Hashable], reason: str) -> None:
        """Pair what has equal keys, where that leaves no choice; None is no key."""
        left, came = _grouped(self._left, key), _grouped(self._came, key)
        for value in left.keys() & came.keys() - {None}:
            if len(left[value]) == len(came[value]) == 1:
                self._pair(left[value][0], came[value][0], reason)

    def match_contents(self, contents: Contents, kept: AbstractSet[str]) -> None:
        """Pair what has equal contents, files of equal names first."""
        sizes = _grouped(self._left, lambda file: file.size)

        def may_be_another(file: ListedFile) -> bool:
            return any(
                old.uid != file.uid and (file.uid not in kept or old.modified == file.modified)
                for old in sizes.get(file.size, ())
            )

        asked = {uid: file for uid, file in self._came.items() if may_be_another(file)}
        if not asked:
            return
        before = contents.before()
        left = _grouped(self._left, lambda file: before.get(file.uid))
        came = _grouped(asked, contents.now)
        for sha256 in left.keys() & came.keys() - {None}:
            # A file that was touched, and copied, still shows its picture itself.
            stayed = [
                file
                for old in left[sha256]
                if (file := self._came.get(old.uid)) and file.uid not in asked
            ]
            same = [*came[sha256], *(file for file in stayed if contents.now(file) == sha256)]
            self._pair_all([(old, new) for old in left[sha256] for new in same])

    def _pair_all(self, pairs: list[tuple[ListedFile, ListedFile]]) -> None:
        """Those of one name first, then those of one file name."""
        pairs.sort(key=lambda pair: (pair[0].uid != pair[1].uid, _name(pair[0]) != _name(pair[1])))
        for old, new in pairs:
            if old.uid in self._left and new.uid in self._came:
                self._pair(old, new, MOVED)

    def _pair(self, old: ListedFile, new: ListedFile, reason: str) -> None:
        del self._left[old.uid], self._came[new.uid]
        if old.uid != new.uid:
            self.moves.append(Move(old.uid, new.uid, reason))


def _grouped(
    files: Mapping[str, ListedFile], key: Callable[[ListedFile], Hashable]
) -> dict[Hashable, list[ListedFile]]:
    groups: dict[Hashable, list[ListedFile]] = defaultdict(list)
    for uid in sorted(files):
        groups[key(files[uid])].append(files[uid])
    return groups
