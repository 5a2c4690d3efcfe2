"""The network: backbones, loss, training, retrieval metrics, registry, gate.

Names are looked up when they are used, so that metrics, gate and registry come
without torch.
"""

from typing import TYPE_CHECKING

from vsig_core.lazy import lazily

if TYPE_CHECKING:
    from vsig_core.model.backbones import load_network, model_id, save_weights
    from vsig_core.model.baselines import COLOURS, GREY16, colour_histogram, grey16
    from vsig_core.model.bootstrap import Figure, known
    from vsig_core.model.gate import Collapse, Decision, collapse_figures, decide
    from vsig_core.model.loss import CompoundHingeLoss
    from vsig_core.model.maps import Pictures
    from vsig_core.model.metrics import (
        Paired,
        RetrievalReport,
        average_precision,
        compare,
        retrieval_metrics,
    )
    from vsig_core.model.network import Network, WeightsCard
    from vsig_core.model.preprocess import Preprocessing
    from vsig_core.model.registry import champion, promote, register, reject
    from vsig_core.model.training import Folders, Trained, train

__getattr__ = lazily(
    __name__,
    {
        "backbones": ("load_network", "model_id", "save_weights"),
        "baselines": ("COLOURS", "GREY16", "colour_histogram", "grey16"),
        "bootstrap": ("Figure", "known"),
        "gate": ("Collapse", "Decision", "collapse_figures", "decide"),
        "loss": ("CompoundHingeLoss",),
        "maps": ("Pictures",),
        "metrics": (
            "Paired",
            "RetrievalReport",
            "average_precision",
            "compare",
            "retrieval_metrics",
        ),
        "network": ("Network", "WeightsCard"),
        "preprocess": ("Preprocessing",),
        "registry": ("champion", "promote", "register", "reject"),
        "training": ("Folders", "Trained", "train"),
    },
)

__all__ = [
    "COLOURS",
    "GREY16",
    "Collapse",
    "CompoundHingeLoss",
    "Decision",
    "Figure",
    "Folders",
    "Network",
    "Paired",
    "Pictures",
    "Preprocessing",
    "RetrievalReport",
    "Trained",
    "WeightsCard",
    "average_precision",
    "champion",
    "collapse_figures",
    "colour_histogram",
    "compare",
    "decide",
    "grey16",
    "known",
    "load_network",
    "model_id",
    "promote",
    "register",
    "reject",
    "retrieval_metrics",
    "save_weights",
    "train",
]
