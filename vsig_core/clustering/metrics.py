"""How clusters compare with what people judged.

Protocol. A picture is *judged* when it lies in a component. A pair is judged
when both its pictures are, and right when both are of one component; a
NEGATIVE pair is judged and wrong, wherever its pictures lie. Where only some
components are scored (those of one split), a picture of another one is a
*decoy*: with a scored picture it makes a judged pair that is wrong. Noise is no
cluster: two noise pictures are not together, and in B³ each stands alone.
What cannot be measured is NaN, never 0.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from math import comb, nan
from numbers import Real
from typing import Any

Label = Hashable | None
UidPair = tuple[str, str]


@dataclass(frozen=True)
class ClusterMetrics:
    """Figures of one clustering; shares in [0, 1], NaN where nothing was there to measure.

    Parameters
    ----------
    n_images, n_clusters
        Pictures, and clusters among them.
    noise_share
        Pictures in no cluster ÷ pictures.
    sizes
        Pictures of each cluster, largest first.
    n_judged
        Pictures that lie in a component.
    pair_precision
        Right pairs ÷ judged pairs, among pairs that lie together in a cluster.
    pair_recall
        Pairs of one component that lie together ÷ all pairs of one component.
    b3_precision, b3_recall, b3_f1
        B³ (Bagga and Baldwin 1998) over judged pictures.
    component_recall
        For each component of two or more: its pairs that lie together ÷ its pairs.
    """

    n_images: int
    n_clusters: int
    noise_share: float
    sizes: tuple[int, ...]
    n_judged: int
    pair_precision: float
    pair_recall: float
    b3_precision: float
    b3_recall: float
    b3_f1: float
    component_recall: Mapping[str, float]

    @property
    def mean_component_recall(self) -> float:
        """Mean over components, so that none weighs more for being large."""
        values = list(self.component_recall.values())
        return share(sum(values), len(values))


def cluster_metrics(
    labels: Mapping[str, Label],
    components: Mapping[str, str],
    negatives: Iterable[UidPair] = (),
    decoys: Collection[str] = (),
) -> ClusterMetrics:
    """Measure clusters against components; protocol at the head of this module.

    Parameters
    ----------
    labels
        Cluster of each picture; None or a negative number is noise. 0 is a
        cluster like any other.
    components
        Component of each judged picture; pictures that `labels` does not have
        are left out.
    negatives
        Uncontested pairs that were judged not to belong together.
    decoys
        Pictures of components that are not scored.
    """
    clusters = {uid: label for uid, label in labels.items() if not is_noise(label)}
    judged = {uid: part for uid, part in components.items() if uid in labels}
    sizes = Counter(clusters.values())
    cells = Counter((clusters[uid], part) for uid, part in judged.items() if uid in clusters)
    by_cluster: Counter[Hashable] = Counter()
    for (cluster, _), count in cells.items():
        by_cluster[cluster] += count
    parts = Counter(judged.values())
    others = {uid for uid in decoys if uid in clusters and uid not in judged}
    right, pairs = _pairs(clusters, judged, others, negatives)
    recall = _recall_by_component(cells, parts)
    precision_3, recall_3 = _b_cubed(cells, by_cluster, parts, len(judged))
    return ClusterMetrics(
        n_images=len(labels),
        n_clusters=len(sizes),
        noise_share=share(len(labels) - len(clusters), len(labels)),
        sizes=tuple(sorted(sizes.values(), reverse=True)),
        n_judged=len(judged),
        pair_precision=share(right, pairs),
        pair_recall=share(_within(cells), _within(parts)),
        b3_precision=precision_3,
        b3_recall=recall_3,
        b3_f1=share(2 * precision_3 * recall_3, precision_3 + recall_3),
        component_recall=recall,
    )


def pairs_together(labels: Mapping[str, Label], pairs: Iterable[UidPair]) -> float:
    """Share of the pairs that lie in one cluster; pairs of unknown pictures are left out.

    For POSITIVE pairs the share that is kept together, for NEGATIVE ones 1 less
    the share that is kept apart. Two noise pictures are not together.
    """
    known = [(a, b) for a, b in pairs if a in labels and b in labels]
    return share(sum(_together(labels, a, b) for a, b in known), len(known))


@dataclass(frozen=True)
class Novelty:
    """What a round of judgements brought.

    Parameters
    ----------
    links_added
        POSITIVE pairs that were not linked before.
    components_extended
        Components of before that gained pictures.
    components_born
        Components without any picture that was in one before.
    progress
        Added links ÷ links before; NaN where there were none.
    """

    links_added: int
    components_extended: int
    components_born: int
    progress: float


def novelty(
    links_before: Iterable[UidPair],
    links_after: Iterable[UidPair],
    components_before: Mapping[str, str],
    components_after: Mapping[str, str],
) -> Novelty:
    """Compare two states of the morphograph: POSITIVE pairs, and uid -> component."""
    before = {frozenset(pair) for pair in links_before}
    added = {frozenset(pair) for pair in links_after} - before
    extended: set[str] = set()
    born = 0
    for members in _grouped(components_after).values():
        olds = {components_before[uid] for uid in members if uid in components_before}
        if not olds:
            born += 1
        elif any(uid not in components_before for uid in members):
            extended |= olds
    return Novelty(len(added), len(extended), born, share(len(added), len(before)))


def is_noise(label: Label) -> bool:
    """Whether a label means no cluster: None, or a negative number."""
    return label is None or (isinstance(label, Real) and float(label) < 0)


def share(part: float, whole: float) -> float:
    """`part` ÷ `whole`; NaN of nothing."""
    return part / whole if whole else nan


def _together(labels: Mapping[str, Label], a: str, b: str) -> bool:
    return not is_noise(labels[a]) and labels[a] == labels[b]


def _pairs(
    clusters: Mapping[str, Label],
    judged: Mapping[str, str],
    decoys: set[str],
    negatives: Iterable[UidPair],
) -> tuple[int, int]:
    """Right pairs and judged pairs, of those that lie together in a cluster."""
    scored = {uid: clusters[uid] for uid in judged if uid in clusters}
    by_cluster = Counter(scored.values())
    right = _within(Counter((cluster, judged[uid]) for uid, cluster in scored.items()))
    pairs = _within(by_cluster) + sum(by_cluster[clusters[uid]] for uid in decoys)
    for a, b in {tuple(sorted(pair)) for pair in negatives}:
        if a not in clusters or b not in clusters or clusters[a] != clusters[b]:
            continue
        if a in judged and b in judged:
            # People said no, whatever the chain of links says.
            right -= judged[a] == judged[b]
        elif not ({a, b} & judged.keys() and {a, b} & decoys):  # such a pair is counted already
            pairs += 1
    return right, pairs


def _within(counts: Counter[Any]) -> int:
    """Pairs inside groups of these sizes."""
    return sum(comb(count, 2) for count in counts.values())


def _recall_by_component(
    cells: Counter[tuple[Hashable, str]], parts: Counter[str]
) -> dict[str, float]:
    together: dict[str, int] = defaultdict(int)
    for (_, part), count in cells.items():
        together[part] += comb(count, 2)
    return {
        part: together[part] / comb(count, 2) for part, count in sorted(parts.items()) if count > 1
    }


def _b_cubed(
    cells: Counter[tuple[Hashable, str]],
    by_cluster: Counter[Hashable],
    parts: Counter[str],
    n_judged: int,
) -> tuple[float, float]:
    in_clusters = sum(by_cluster.values())
    alone = n_judged - in_clusters
    noise_of = parts.copy()
    precision, recall = float(alone), 0.0
    for (cluster, part), count in cells.items():
        precision += count * count / by_cluster[cluster]
        recall += count * count / parts[part]
        noise_of[part] -= count
    recall += sum(count / parts[part] for part, count in noise_of.items())
    return share(precision, n_judged), share(recall, n_judged)


def _grouped(mapping: Mapping[str, str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for uid, group in mapping.items():
        groups[group].append(uid)
    return groups
