"""Whether a picture still shows what a judgement was made on."""

from collections.abc import Callable, Mapping

# Share of differing bits up to which two perceptual hashes are nearly one picture.
_NEARLY = 0.125


def same_content(one: str, other: str) -> bool:
    """Whether two contents, by sha256, are one."""
    return one == other


def nearly_same(phashes: Mapping[str, str]) -> Callable[[str, str], bool]:
    """A test whether two contents, by sha256, are nearly the same picture.

    Parameters
    ----------
    phashes
        sha256 to perceptual hash (hex) of contents now and earlier. What is not there is
        like nothing else.
    """

    def looks_same(one: str, other: str) -> bool:
        left, right = phashes.get(one), phashes.get(other)
        if not left or not right or len(left) != len(right):
            return False
        differing = (int(left, 16) ^ int(right, 16)).bit_count()
        return differing <= _NEARLY * 4 * len(left)

    return looks_same
