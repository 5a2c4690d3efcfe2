"""Networks of the registry, loaded from the store, and the vectors they give.

The weights of every model lie in the store, pretrained ones too: a project gives
the same vectors wherever it is opened.
"""

import json
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vsig_core.embedding import StoredNetwork
from vsig_core.errors import InputError
from vsig_core.model import register
from vsig_core.settings import ModelSettings
from vsig_core.store import Provenance, Store, empty
from vsig_core.vectors import Model, Progress, embed_known


def model_row(store: Store, model_id: str) -> dict[str, Any]:
    """A model's row in the registry.

    Raises
    ------
    InputError
        There is no such model.
    """
    rows = store.read_or_empty("models").to_pylist()
    for row in rows:
        if row["model_id"] == model_id:
            return row
    known = ", ".join(row["model_id"] for row in rows) or "none yet; run 'vsig run'"
    raise InputError(f"There is no model {model_id!r}. Known: {known}.")


def stored_model(store: Store, model_id: str) -> Model:
    """Find a registered model.

    Raises
    ------
    InputError
        There is no such model.
    """
    row = model_row(store, model_id)
    settings = ModelSettings.model_validate(json.loads(row["settings"])["model"])
    return Model(model_id, StoredNetwork(store.location.root, row["weights"], settings))


def register_pretrained(store: Store, settings: ModelSettings, provenance: Provenance) -> str:
    """Make sure that the pretrained network of the settings is registered; returns its id.

    The first model of a project becomes its champion, so that a corpus without
    judgements flows straight through.

    Parameters
    ----------
    store
        Where the registry and the weights are kept.
    settings
        What names the network.
    provenance
        Of the step that asks. The commit carries its inputs and its run, but neither its
        name nor its key: it says nothing about whether that step's own work is done.

    Raises
    ------
    WeightsError
        The weights cannot be had.
    ConflictError
        Somebody else has written to the registry meanwhile.
    """
    from vsig_core.model import load_network, model_id, save_weights

    name = model_id(settings)
    version = store.version("models")
    models = empty("models") if version is None else store.read("models", version=version)
    if name not in models["model_id"].to_pylist():
        weights = store.objects.put("models", save_weights(load_network(settings)), "safetensors")
        row = {
            "model_id": name,
            "weights": weights,
            "settings": json.dumps({"model": settings.model_dump()}, sort_keys=True),
            "metrics": "{}",
            "origin": "pretrained",
        }
        made = replace(provenance, step="register", key="", data_version=name)
        store.write("models", register(models, row), made, base=version)
    return name


def vectors_of(
    store: Store,
    model_id: str,
    images: pa.Table,
    executor: Executor,
    provenance: Provenance,
    progress: Callable[[str], Progress],
) -> NDArray[np.float32]:
    """Vectors of pictures by one model; what had to be computed is kept.

    Parameters
    ----------
    images
        Columns sha256 and working, in the order of the answer.
    executor
        Threads of this process, or workers that see the store.
    provenance
        Of the commit that keeps what is new.
    progress
        Makes a callback for a label.

    Returns
    -------
    Shape (n, d), float32, unit rows.
    """
    model = stored_model(store, model_id)
    embedded = embed_known(
        store,
        model,
        images,
        model.network.settings.batch_size,
        executor,
        progress(f"embedding pictures with {model_id}"),
    )
    if embedded.new.num_rows:
        store.append("pool_vectors", embedded.new, provenance)
    return embedded.vectors
