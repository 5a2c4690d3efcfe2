"""Disjoint sets of names, joined one pair at a time."""

from collections import defaultdict
from collections.abc import Hashable
from typing import Generic, TypeVar

Name = TypeVar("Name", bound=Hashable)


class Forest(Generic[Name]):
    """Which names hang together (union by size, path halving: near-linear)."""

    def __init__(self) -> None:
        self._parent: dict[Name, Name] = {}
        self._size: dict[Name, int] = {}

    def root(self, name: Name) -> Name:
        """The name that stands for the set of `name`; a name never seen is a set of its own."""
        parent = self._parent
        if name not in parent:
            parent[name] = name
            self._size[name] = 1
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    def join(self, one: Name, other: Name) -> None:
        """Make one set of two."""
        large, small = self.root(one), self.root(other)
        if large == small:
            return
        if self._size[large] < self._size[small]:
            large, small = small, large
        self._parent[small] = large
        self._size[large] += self._size[small]

    def together(self, one: Name, other: Name) -> bool:
        """Whether two names are in one set."""
        return self.root(one) == self.root(other)

    def groups(self) -> list[list[Name]]:
        """All sets, each in the order in which its names were first seen."""
        sets: dict[Name, list[Name]] = defaultdict(list)
        for name in self._parent:
            sets[self.root(name)].append(name)
        return list(sets.values())
