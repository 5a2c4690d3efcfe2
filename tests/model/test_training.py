import numpy as np
import pyarrow as pa
import pytest
import safetensors.torch
import torch

from vsig_core.embedding import embed
from vsig_core.errors import PictureError, TrainingError
from vsig_core.model import load_network, retrieval_metrics, save_weights, train
from vsig_core.settings import ModelSettings, Settings, TrainingSettings

NETWORK = ModelSettings(backbone="resnet18", weights="none", resolution=64)
QUICK = TrainingSettings(epochs=2, views=2, trained_stages=2, learning_rate=1e-3)


def triplets_of(families, split="train"):
    rows = [
        (f"m{m}-0", f"m{m}-{copy}", f"m{(m + other) % 6}-{copy}")
        for m in range(6)
        for copy in (1, 2)
        for other in (1, 2)
    ]
    columns = zip(*rows, strict=True)
    names = ("anchor", "positive", "negative")
    table = dict(zip(names, map(list, columns), strict=True))
    return pa.table({**table, "split": [split] * len(rows)})


@pytest.fixture
def fit(families, tmp_path):
    def run(settings=QUICK, network=NETWORK, folder="work", **more):
        return train(
            network,
            settings,
            triplets_of(families),
            families.__getitem__,
            tmp_path / folder,
            **more,
        )

    return run


def tensors(trained):
    return safetensors.torch.load(trained.weights)


def test_the_saved_weights_are_the_trained_ones(fit):
    # Defect 3: --retrain saved the weights it started from.
    start = safetensors.torch.load(save_weights(load_network(NETWORK)))
    trained = fit()
    changed = {
        name for name, value in tensors(trained).items() if not torch.equal(value, start[name])
    }
    assert changed
    network = load_network(NETWORK, trained.weights)
    assert save_weights(network) == trained.weights


def test_only_the_last_stages_change_and_no_batch_norm_anywhere(fit):
    # Defect 3: freezing batch norm had no effect.
    network = load_network(NETWORK)
    norms = {
        f"{name}.{part}"
        for name, module in network.named_modules()
        if isinstance(module, torch.nn.BatchNorm2d)
        for part in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    }
    start = safetensors.torch.load(save_weights(network))
    trained = tensors(fit())
    changed = {name for name, value in trained.items() if not torch.equal(value, start[name])}
    last = tuple(f"stages.{len(network.stages) - i}." for i in (1, 2))
    assert changed
    assert not changed & norms
    assert all(name.startswith(last) for name in changed)


@pytest.mark.parametrize("frozen_trunk", [True, False])
def test_two_runs_give_the_same_weights(fit, frozen_trunk):
    settings = QUICK.model_copy(update={"frozen_trunk": frozen_trunk, "epochs": 1})
    assert fit(settings, folder="a").weights == fit(settings, folder="b").weights


@pytest.mark.parametrize("frozen_trunk", [True, False])
def test_a_training_that_was_broken_off_ends_as_if_undisturbed(fit, frozen_trunk):
    settings = QUICK.model_copy(update={"frozen_trunk": frozen_trunk})
    undisturbed = fit(settings, folder="a")

    def break_off(entry):
        if entry["epoch"] == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(settings, folder="b", on_epoch=break_off)
    seen = []
    resumed = fit(settings, folder="b", on_epoch=seen.append)
    assert [entry["epoch"] for entry in seen] == [2]
    assert resumed.weights == undisturbed.weights
    assert [entry["loss"] for entry in resumed.curve] == [e["loss"] for e in undisturbed.curve]


def test_a_finished_training_is_taken_up_without_a_picture(fit, families, tmp_path):
    trained = fit()
    again = train(NETWORK, QUICK, triplets_of(families), {}.__getitem__, tmp_path / "work")
    assert again.weights == trained.weights


def test_another_training_or_a_damaged_checkpoint_is_not_taken_up(fit, tmp_path):
    first = fit(folder="a")
    other = fit(QUICK.model_copy(update={"seed": 8}), folder="a")
    assert other.weights != first.weights
    for path in (tmp_path / "a").glob("epoch-*"):
        path.write_bytes(path.read_bytes()[:100])
    seen = []
    again = fit(folder="a", on_epoch=seen.append)
    assert len(seen) == 2
    assert again.weights == first.weights


def test_training_brings_pictures_of_one_motif_together(fit, families):
    settings = QUICK.model_copy(
        update={"epochs": 5, "views": 4, "trained_stages": 5, "learning_rate": 3e-4}
    )

    def score(network):
        uids = sorted(families)
        relevant = {u: {v for v in uids if v[:2] == u[:2]} for u in uids}
        vectors = embed(network, [families[u] for u in uids], 8)
        report = retrieval_metrics(vectors, uids, relevant, {u: u[:2] for u in uids})
        return report.figures["map"].value

    trained = fit(settings)
    assert score(load_network(NETWORK, trained.weights)) > score(load_network(NETWORK)) + 0.05
    assert [entry["epoch"] for entry in trained.curve] == [1, 2, 3, 4, 5]
    assert trained.curve[-1]["loss"] < trained.curve[0]["loss"]


def test_the_replica_preset_trains_every_layer_but_batch_norm(fit):
    settings = Settings.model_validate(
        {
            "model": {"preset": "replica", **NETWORK.model_dump(exclude={"preset"})},
            "training": {"epochs": 1},
        }
    )
    assert not settings.training.frozen_trunk
    start = safetensors.torch.load(save_weights(load_network(settings.model)))
    trained = tensors(fit(settings.training, settings.model))
    unchanged = {name for name, value in trained.items() if torch.equal(value, start[name])}
    kernels = {name for name, value in trained.items() if value.ndim == 4}
    assert kernels
    assert not unchanged & kernels
    assert all(name in unchanged for name in trained if "running" in name)


@pytest.mark.parametrize("backbone", ["vit_b_32", "densenet121", "regnet_y_400mf", "convnext_tiny"])
def test_the_tail_continues_the_trunk_in_each_family(backbone):
    network = load_network(NETWORK.model_copy(update={"backbone": backbone}))
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    cut = len(network.stages) - 3
    with torch.inference_mode():
        assert torch.allclose(
            network.tail(network.trunk(images, cut), None, cut), network(images), atol=1e-6
        )


def test_progress_is_told_to_its_end(fit):
    told = []
    fit(progress=lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1]
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_a_loss_that_is_not_finite_ends_the_training(fit):
    with pytest.raises(TrainingError, match=r"not finite.*learning_rate"):
        fit(QUICK.model_copy(update={"learning_rate": 1e30, "epochs": 5}))


@pytest.mark.parametrize("rows", [0, 24])
def test_without_a_training_triplet_it_says_so(families, tmp_path, rows):
    table = triplets_of(families, split="val").slice(0, rows)
    with pytest.raises(TrainingError, match="no training triplet"):
        train(NETWORK, QUICK, table, families.__getitem__, tmp_path)


def test_a_picture_that_cannot_be_decoded_is_named(families, tmp_path):
    with pytest.raises(PictureError, match="m0-0"):
        train(NETWORK, QUICK, triplets_of(families), lambda _: b"broken", tmp_path)


def test_checkpoints_are_whole_or_not_there(fit, tmp_path):
    fit()
    names = sorted(path.name for path in (tmp_path / "work").iterdir())
    assert not any("partial" in name for name in names)
    assert [name for name in names if name.startswith("epoch")] == [
        "epoch-0001.safetensors",
        "epoch-0002.safetensors",
    ]
    assert np.load(next((tmp_path / "work").glob("maps-*"))).dtype == np.float16
