"""Folding photographs of one thing: each group counts once, by its representative."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

import pyarrow as pa

from vsig_core.annotations.forest import Forest
from vsig_core.annotations.judgement import Pair
from vsig_core.annotations.links import Link


def representatives(links: pa.Table, hashes: Mapping[str, str] | None = None) -> dict[str, str]:
    """Which picture stands for each folded one.

    Folded are pictures joined by DUPLICATE links that nobody contests, and pictures
    of equal content unless a NOT_DUPLICATE parts them.

    Parameters
    ----------
    links
        By the schema `links`.
    hashes
        uid to sha256 of its content.

    Returns
    -------
    uid to representative, for every picture of a group of two or more, the
    representative itself included. It is the one with the most POSITIVE links, then
    the smallest uid, so that what people linked stays in sight.
    """
    pairs = zip(links["img1"].to_pylist(), links["img2"].to_pylist(), strict=True)
    verdicts = links["verdict"].to_pylist()
    contested = links["contested"].to_pylist()
    judged = dict(zip(pairs, zip(verdicts, contested, strict=True), strict=True))
    held = {pair: verdict for pair, (verdict, open_) in judged.items() if not open_}
    degree = Counter(uid for pair, verdict in held.items() if verdict == "POSITIVE" for uid in pair)
    standing: dict[str, str] = {}
    for group in _fold(held, hashes or {}).groups():
        if len(group) > 1:
            first = min(group, key=lambda uid: (-degree[uid], uid))
            standing.update(dict.fromkeys(group, first))
    return standing


def fold_forest(links: Iterable[Link], hashes: Mapping[str, str]) -> Forest[str]:
    """Pictures that count as one, of links under construction."""
    return _fold({link.pair: link.verdict for link in links if link.holds}, hashes)


def _fold(held: Mapping[Pair, str], hashes: Mapping[str, str]) -> Forest[str]:
    forest: Forest[str] = Forest()
    for pair, verdict in held.items():
        if verdict == "DUPLICATE":
            forest.join(*pair)
    by_content: dict[str, list[str]] = defaultdict(list)
    for uid, sha256 in sorted(hashes.items()):
        by_content[sha256].append(uid)
    for uids in by_content.values():
        leaders: list[str] = []
        for uid in uids:
            same = next((x for x in leaders if held.get((x, uid)) != "NOT_DUPLICATE"), None)
            if same is None:
                leaders.append(uid)
            else:
                forest.join(same, uid)
    return forest
