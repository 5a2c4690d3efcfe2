from pathlib import Path

import pytest

from vsig_core.errors import SettingsError
from vsig_core.project import init_project, open_project, settings_template
from vsig_core.settings import Settings, load_settings

TOP = {"store", "inbox"}


def project_with(folder: Path, text: str) -> Path:
    (folder / "vsig.toml").write_text(text, encoding="utf-8")
    return folder


def test_the_template_is_the_defaults(tmp_path: Path):
    text = settings_template()
    assert load_settings(project_with(tmp_path, text), {}) == Settings()
    # Every commented line is a valid setting with its default.
    bare = "\n".join(
        line.removeprefix("# ") if " = " in line and line.startswith("# ") else line
        for line in text.splitlines()
        if not line.rstrip().endswith("=") and "[[source]]" not in line and "uri" not in line
    )
    filled = load_settings(project_with(tmp_path, bare), {})
    assert filled == Settings()


def test_an_unknown_key_is_refused_with_the_nearest_known_one(tmp_path: Path):
    folder = project_with(tmp_path, "[training]\nlerning_rate = 1\n")
    with pytest.raises(SettingsError, match=r"training\.lerning_rate.*'learning_rate'"):
        load_settings(folder, {})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[clustering]\nmax_eps = 3.0\n", "max_eps"),
        ("[clustering]\nmax_eps = 0\n", "max_eps"),
        ("[clustering]\nmin_samples = 1\n", "min_samples"),
        ("[splits]\ntrain = 0.9\n", "not 1"),
        ("[model\n", "not valid TOML"),
        ("[training]\nepochs = 0\n", r"training\.epochs"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(tmp_path: Path, text: str, says: str):
    with pytest.raises(SettingsError, match=says):
        load_settings(project_with(tmp_path, text), {})


def test_the_environment_overrides_the_file(tmp_path: Path):
    folder = project_with(tmp_path, 'store = "a"\n[training]\nepochs = 3\n')
    given = {
        "VSIG_STORE": "s3://bucket/b",
        "VSIG_TRAINING__EPOCHS": "7",
        "VSIG_PROJECT": "elsewhere",
        "VSIG_CORPORA": "pictures",
    }
    settings = load_settings(folder, given)
    assert (settings.store, settings.training.epochs) == ("s3://bucket/b", 7)


@pytest.mark.parametrize(
    ("variable", "text", "says"),
    [
        ("VSIG_STOR", "/x", "VSIG_STOR.*did you mean VSIG_STORE"),
        ("VSIG_TRAINING__EPOCH", "7", "VSIG_TRAINING__EPOCH.*did you mean VSIG_TRAINING__EPOCHS"),
        ("VSIG_TRAINING__EPOCHS", "0", "^VSIG_TRAINING__EPOCHS: training.epochs.*got '0'"),
        ("VSIG_SPLITS__TRAIN", "0.9", "^VSIG_SPLITS__TRAIN: splits.*not 1"),
        ("VSIG_EVALUATION__RECALL_AT", "1,x", "^VSIG_EVALUATION__RECALL_AT: .*'x'"),
        ("VSIG_SOURCE__URI", "/x", "VSIG_SOURCE__URI.*in vsig.toml alone"),
    ],
)
def test_a_variable_that_cannot_be_used_is_named(
    tmp_path: Path, variable: str, text: str, says: str
):
    folder = project_with(tmp_path, '[[source]]\nuri = "a"\n')
    with pytest.raises(SettingsError, match=says):
        load_settings(folder, {variable: text})


def test_the_file_is_not_blamed_for_a_variable_nor_the_variable_for_the_file(tmp_path: Path):
    folder = project_with(tmp_path, "[training]\nviews = 0\n")
    with pytest.raises(SettingsError) as refused:
        load_settings(folder, {"VSIG_TRAINING__EPOCHS": "0", "VSIG_MODEL__RESOLUTION": "64"})
    in_file, in_variable = str(refused.value).split("; ")
    assert in_file.startswith(f"{folder / 'vsig.toml'}: training.views")
    assert in_variable.startswith("VSIG_TRAINING__EPOCHS: training.epochs")


@pytest.mark.parametrize("text", ["1,5", "[1, 5]", "[1,5,]"])
def test_a_variable_may_hold_a_list(tmp_path: Path, text: str):
    settings = load_settings(project_with(tmp_path, ""), {"VSIG_EVALUATION__RECALL_AT": text})
    assert settings.evaluation.recall_at == (1, 5)


def test_every_setting_but_the_sources_has_its_variable(tmp_path: Path):
    variables = {f"VSIG_{name.upper()}": value for name, value in Settings() if name in TOP}
    for name, section in Settings():
        if name not in {"source", *TOP}:
            variables |= {f"VSIG_{name}__{key}".upper(): value for key, value in section}
    given = {name: str(value).strip("()") for name, value in variables.items() if value is not None}
    assert load_settings(project_with(tmp_path, ""), given) == Settings()


@pytest.mark.parametrize("text", ["model = 3\n", "training = 3\n", "[model]\npreset = []\n"])
def test_a_section_that_is_none_is_refused_by_name(tmp_path: Path, text: str):
    with pytest.raises(SettingsError, match=r"model|training"):
        load_settings(project_with(tmp_path, text), {"VSIG_TRAINING__EPOCHS": "3"})


def test_what_is_written_wins_over_the_preset(tmp_path: Path):
    text = '[model]\npreset = "replica"\n[training]\nepochs = 1\n'
    settings = load_settings(project_with(tmp_path, text), {})
    assert settings.model.backbone == "resnext101_32x8d"
    assert (settings.training.margin, settings.training.epochs) == (0.01, 1)
    assert Settings().training.blend < 1 == settings.training.blend


def test_settings_are_frozen():
    with pytest.raises(ValueError, match="frozen"):
        Settings().training.epochs = 2  # type: ignore[misc]


def test_a_second_init_leaves_the_project_as_it_is(tmp_path: Path):
    (tmp_path / "pictures").mkdir()
    project = init_project(tmp_path / "p", [str(tmp_path / "pictures")])
    before = (project.folder / "vsig.toml").read_text()
    with pytest.raises(SettingsError, match="exists already"):
        init_project(project.folder)
    assert (project.folder / "vsig.toml").read_text() == before
    assert open_project(project.folder).settings.source[0].uri


def test_a_source_that_does_not_exist_is_refused_before_anything_is_made(tmp_path: Path):
    with pytest.raises(SettingsError, match="nowhere"):
        init_project(tmp_path / "p", [str(tmp_path / "nowhere")])
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("uri", ["gs://bucket/x", "ftp://host/x", "data://x"])
def test_a_source_of_an_unknown_scheme_is_refused_with_the_known_ones(tmp_path: Path, uri: str):
    for refused in (
        lambda: init_project(tmp_path / "p", [uri]),
        lambda: load_settings(project_with(tmp_path, f'[[source]]\nuri = "{uri}"\n'), {}),
    ):
        with pytest.raises(SettingsError, match=r"s3://bucket/prefix.*https://"):
            refused()
    assert not (tmp_path / "p").exists()


def test_a_source_may_be_a_folder_a_table_a_document_or_an_address(tmp_path: Path):
    places = ["list.csv", "list.parquet", "manifest.json"]
    for name in places:
        (tmp_path / name).touch()
    addresses = ["https://museum.example/collection", "s3://bucket/p", f"file://{tmp_path}"]
    project = init_project(
        tmp_path / "p", [*(str(tmp_path / name) for name in places), str(tmp_path), *addresses]
    )
    uris = [source.uri for source in project.settings.source]
    assert uris == [*(str(tmp_path / name) for name in places), str(tmp_path), *addresses]
    assert "museum.example" in project.web.private_hosts
    (tmp_path / "one.jpg").touch()
    with pytest.raises(SettingsError, match="name the folder of the pictures"):
        init_project(tmp_path / "q", [str(tmp_path / "one.jpg")])


def test_weights_in_the_project_are_found_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    weights = tmp_path / "p" / "weights" / "mine.pth"
    weights.parent.mkdir(parents=True)
    weights.touch()
    project_with(tmp_path / "p", '[model]\nweights = "weights/mine.pth"\n')
    monkeypatch.chdir(tmp_path)
    assert open_project(tmp_path / "p").settings.model.weights == str(weights)


def test_without_a_project_the_way_to_make_one_is_named(tmp_path: Path):
    with pytest.raises(SettingsError, match="vsig init"):
        open_project(tmp_path)
