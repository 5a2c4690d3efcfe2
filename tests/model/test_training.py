import multiprocessing
import shutil
from concurrent.futures import ProcessPoolExecutor

import pyarrow as pa
import pytest
import safetensors.torch
import torch

from vsig_core.embedding import embed
from vsig_core.errors import PictureError, TrainingError
from vsig_core.model import (
    Folders,
    Pictures,
    load_network,
    retrieval_metrics,
    save_weights,
    train,
)
from vsig_core.settings import ModelSettings, Settings, TrainingSettings

NETWORK = ModelSettings(backbone="resnet18", weights="none", resolution=64)
QUICK = TrainingSettings(epochs=2, views=2, trained_stages=2, learning_rate=1e-3, batch_size=16)


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


def shown(read):
    """Pictures that are named by their uids."""
    return Pictures({f"m{m}-{copy}": f"m{m}-{copy}" for m in range(6) for copy in range(3)}, read)


def folders(root):
    return Folders(root / "checkpoints", root / "trunk")


@pytest.fixture
def fit(families, tmp_path):
    def run(settings=QUICK, network=NETWORK, folder="work", **more):
        return train(
            network,
            settings,
            triplets_of(families),
            shown(families.__getitem__),
            folders(tmp_path / folder),
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


@pytest.mark.slow
def test_weights_are_the_same_on_any_number_of_cores(families, tmp_path):
    # Many triplets of few pictures: the sums over them are split between the cores.
    uids = sorted(families)
    rows = [(a, p, n) for a in uids for p in uids for n in uids if a[:2] == p[:2] != n[:2]]
    names = ("anchor", "positive", "negative")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    triplets = pa.table({**columns, "split": ["train"] * len(rows)})
    settings = QUICK.model_copy(update={"batch_size": 256})
    pictures = shown(families.__getitem__)
    weights = set()
    for run, cores in enumerate((1, 2, 2, 3)):
        asked = NETWORK, settings, triplets, pictures, folders(tmp_path / str(run))
        # A process of its own: the lanes of this one are there already.
        with ProcessPoolExecutor(
            1, multiprocessing.get_context("spawn"), torch.set_num_threads, (cores,)
        ) as alone:
            weights.add(alone.submit(train, *asked).result().weights)
    assert len(weights) == 1


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
    nothing, kept = shown({}.__getitem__), folders(tmp_path / "work")
    again = train(NETWORK, QUICK, triplets_of(families), nothing, kept)
    assert again.weights == trained.weights


def test_another_training_or_a_damaged_checkpoint_is_not_taken_up(fit, tmp_path):
    first = fit(folder="a")
    other = fit(QUICK.model_copy(update={"seed": 8}), folder="a")
    assert other.weights != first.weights
    for path in (tmp_path / "a" / "checkpoints").glob("epoch-*"):
        path.write_bytes(path.read_bytes()[:100])
    seen = []
    again = fit(folder="a", on_epoch=seen.append)
    assert len(seen) == 2
    assert again.weights == first.weights


def test_training_brings_pictures_of_one_motif_together(fit, families):
    settings = QUICK.model_copy(
        update={
            "epochs": 8,
            "views": 4,
            "trained_stages": 5,
            "learning_rate": 3e-4,
            "schedule": "constant",
            "batch_size": 4,
        }
    )

    def score(network):
        uids = sorted(families)
        relevant = {u: {v for v in uids if v[:2] == u[:2]} for u in uids}
        vectors = embed(network, [families[u] for u in uids], 8)
        report = retrieval_metrics(vectors, uids, relevant, {u: u[:2] for u in uids})
        return report.figures["map"].value

    trained = fit(settings)
    assert score(load_network(NETWORK, trained.weights)) > score(load_network(NETWORK)) + 0.05
    assert [entry["epoch"] for entry in trained.curve] == list(range(1, 9))
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
        train(NETWORK, QUICK, table, shown(families.__getitem__), folders(tmp_path))


def test_a_picture_that_cannot_be_decoded_is_named(families, tmp_path):
    with pytest.raises(PictureError, match="m0-0"):
        broken = shown(lambda _: b"broken")
        train(NETWORK, QUICK, triplets_of(families), broken, folders(tmp_path))


def test_checkpoints_and_maps_are_whole_or_not_there(fit, tmp_path):
    fit()
    files = [path.name for path in (tmp_path / "work").rglob("*") if path.is_file()]
    assert not any("partial" in name for name in files)
    assert sorted(name for name in files if name.startswith("epoch")) == [
        "epoch-0001.safetensors",
        "epoch-0002.safetensors",
    ]


def test_a_second_training_reads_no_picture_that_the_first_one_has_read(fit, families, tmp_path):
    first = fit()
    shutil.rmtree(tmp_path / "work" / "checkpoints")
    read = []
    moved = Pictures({**shown(None).contents, "m0-0": "replaced"}, read.append)
    with pytest.raises(TypeError):  # what `append` gives is no picture
        train(NETWORK, QUICK, triplets_of(families), moved, folders(tmp_path / "work"))
    assert read == ["replaced"]
    again = train(
        NETWORK,
        QUICK,
        triplets_of(families),
        shown({}.__getitem__),
        folders(tmp_path / "work"),
    )
    assert again.weights == first.weights


def test_maps_of_two_pictures_of_one_content_are_computed_once(families, tmp_path):
    read = []

    def reading(name):
        read.append(name)
        return families[name]

    named = {**shown(None).contents, "m1-0": "m0-0", "m2-0": "m0-0"}
    train(NETWORK, QUICK, triplets_of(families), Pictures(named, reading), folders(tmp_path))
    assert read.count("m0-0") == 1


def test_maps_of_another_trunk_are_computed_anew_and_the_old_ones_removed(fit, tmp_path):
    fit()
    fit(QUICK.model_copy(update={"views": 3}))
    (kept,) = (tmp_path / "work" / "trunk").iterdir()
    fit(QUICK.model_copy(update={"seed": 8}))
    (other,) = (tmp_path / "work" / "trunk").iterdir()
    assert other != kept
    maps = safetensors.torch.load_file(next(other.iterdir()))["maps"]
    assert maps.shape[0] == 2 and maps.dtype == torch.float16


def test_a_blend_lies_between_the_pretrained_and_the_trained_weights(fit):
    start = safetensors.torch.load(save_weights(load_network(NETWORK)))
    whole = tensors(fit(QUICK.model_copy(update={"blend": 1.0}), folder="whole"))
    half = tensors(fit(QUICK.model_copy(update={"blend": 0.5}), folder="half"))
    for name, value in half.items():
        if value.is_floating_point():
            torch.testing.assert_close(value, (start[name] + whole[name]) / 2)


def test_triplets_of_one_anchor_come_together_or_in_random_order(fit):
    together, apart = (
        fit(QUICK.model_copy(update={"anchors_together": way, "batch_size": 4}), folder=str(way))
        for way in (True, False)
    )
    assert together.weights != apart.weights
    assert together.curve[0]["loss"] == apart.curve[0]["loss"]


def test_a_schedule_that_decays_ends_nearer_to_where_it_came_from_than_a_constant_rate(fit):
    def distance(schedule):
        settings = QUICK.model_copy(update={"schedule": schedule, "optimizer": "adam"})
        trained = load_network(NETWORK, fit(settings, folder=schedule).weights)
        pairs = zip(trained.parameters(), load_network(NETWORK).parameters(), strict=True)
        return sum(float((one - other).detach().abs().sum()) for one, other in pairs)

    assert 0 < distance("cosine") < distance("constant")
