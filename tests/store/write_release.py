"""Writes a small project by the command of the code at hand, and packs it as a release's.

A release adds what it writes, and every later one has to open it (test_releases):

    python tests/store/write_release.py 1.2.0

Only the command is used, so that this serves any version. The pictures are drawn here, and the
network is one of a hundred thousand weights that know two values each: it packs well.
"""

import csv
import io
import math
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw

HERE = Path(__file__).parent
RELEASES = HERE / "releases"
ROUNDS = ("annotations-1.csv", "annotations-2.csv")
LEFT_OUT = (".dagster", ".vsig")  # runs and caches of this machine: see docs/operate.md
SETTINGS = """\
[[source]]
uri = "pictures/images"
publish = "full"

[images]
batch_size = 8
thumb_px = 16
working_px = 64
jpeg_quality = 100

[model]
backbone = "timm:test_efficientnet"
weights = "weights.safetensors"
resolution = 64

[training]
epochs = 1
views = 1
trained_stages = 2
min_links = 2

[triplets]
hard_negatives = 1

[evaluation]
bootstrap = 100

[evidence]
resolution = 64
rerank = 2

[annotations]
min_new_links = 1
"""
COLUMNS = (
    "type", "img1", "img2", "annotation_id", "act", "box1", "box2", "motif", "members", "annotator",
    "made_at", "context", "retracts", "note",
)  # fmt: skip
MOTIFS, VIEWS = 6, 3


def main() -> None:
    """Write one release's archive."""
    if len(sys.argv) != 2:
        sys.exit("Which release? python tests/store/write_release.py 1.2.0")
    RELEASES.mkdir(exist_ok=True)
    out = RELEASES / f"{sys.argv[1]}.tar.xz"
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        write_project(project)
        pack(project, out)
    print(f"{out}: {out.stat().st_size} bytes")  # noqa: T201


def write_project(project: Path) -> None:
    """Two rounds of judging with all that may befall a corpus in between, then upkeep."""
    draw_corpus(project / "pictures")
    vsig("init", project, "--source", project / "pictures" / "images")
    draw_weights(project / "weights.safetensors")
    (project / "vsig.toml").write_text(SETTINGS)
    for number, judged in enumerate((first_round(), second_round())):
        if number:
            befall(project / "pictures" / "images")
        path = project / "inbox" / ROUNDS[number]
        path.write_text(judged, encoding="utf-8")
        vsig("--project", project, "run")
    vsig("--project", project, "similar", name(0, 0), "-k", 2, "--evidence", project / "seen.png")
    (project / "seen.png").unlink()
    vsig("--project", project, "purge", name(5, 2), "--reason", "asked for", "--apply")
    vsig("--project", project, "run")
    vsig("--project", project, "clean", "--keep", 1, "--apply")
    vsig("--project", project, "verify")


def vsig(*words: object) -> None:
    """The command of this checkout."""
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent.parent), "USER": "anna"}
    command = [sys.executable, "-m", "vsig_core", *map(str, words)]
    subprocess.run(command, check=True, env=environment)


def draw_corpus(folder: Path) -> None:
    """Pictures of one figure three times each, on other grounds, and their catalogue."""
    (folder / "images").mkdir(parents=True)
    rows = ["path,title,author,date,place,keywords"]
    for motif in range(MOTIFS):
        for view in range(VIEWS):
            draw(folder / "images" / name(motif, view), motif, view)
            title = f'"Figure {motif}, {"après" if view else "first"}"'
            rows.append(f"{name(motif, view)},{title},Anna {view},c. {1500 + motif},Roma,figure")
    (folder / "metadata.csv").write_text("\n".join([*rows, ""]), encoding="utf-8")


def name(motif: int, view: int) -> str:
    return f"{motif}{'abc'[view]}.jpg"


def draw(path: Path, motif: int, view: int) -> None:
    ground = (60 + 70 * view, 200 - 40 * view, 90 + 13 * motif)
    picture = Image.new("RGB", (96, 72), ground)
    pen = ImageDraw.Draw(picture)
    for part in range(3):
        turn = math.tau * (part * (motif + 2) / 11)
        x = 44 + 6 * view + 22 * math.cos(turn)
        y = 36 + 18 * math.sin(turn)
        side = 4 + (part * 3 + motif) % 9
        shade = (60 * part, 40 * motif, 255 - 90 * part)
        draw_part = pen.ellipse if (motif + part) % 2 else pen.rectangle
        draw_part((x - side, y - side, x + side, y + side), fill=shade)
    picture.save(path, "JPEG", quality=70)


def draw_weights(path: Path) -> None:
    """The same for ever, and of two values in each matrix."""
    import safetensors.torch
    import timm
    import torch

    state = timm.create_model("test_efficientnet", num_classes=0).state_dict()
    chance = torch.Generator().manual_seed(7)
    for key, tensor in state.items():
        if tensor.ndim > 1:
            size = math.sqrt(2 / tensor[0].numel())
            state[key] = (torch.rand(tensor.shape, generator=chance).round() * 2 - 1) * size
    safetensors.torch.save_file(state, path)


def first_round() -> str:
    """Each figure known by two of its three pictures; and what files of people hold besides."""
    same = [pair("POSITIVE", name(m, 0), name(m, 1), f"a{m}") for m in range(MOTIFS)]
    same[0] |= {"box1": "0.2,0.1,0.5,0.75", "box2": "0.25,0.1,0.5,0.75", "motif": "Spiral"}
    other = [pair("NEGATIVE", name(m, 0), name(m + 1, 0), f"n{m}") for m in range(MOTIFS - 1)]
    cluster = said("CORRECT", "c1", members=f'["{name(0, 0)}", "{name(0, 1)}"]', context="c-1")
    return rows_of(
        *same,
        *other,
        pair("DUPLICATE", name(4, 0), name(4, 2), "d1"),
        pair("SIMILAR", name(3, 0), name(5, 0), "s1"),
        cluster,
        pair("POSITIVE", name(3, 0), "nowhere.jpg", "x1"),
        pair("SAME", name(3, 0), name(3, 1), "x2"),
    )


def second_round() -> str:
    """The third pictures, figures that turn out to be one, and people who disagree."""
    third = [pair("POSITIVE", name(m, 1), name(m, 2), f"b{m}", "luca") for m in range(MOTIFS - 2)]
    one = [pair("POSITIVE", name(m, 0), name(m + 3, 0), f"m{m}") for m in range(3)]
    return rows_of(
        *third,
        *one,
        pair("NEGATIVE", name(2, 0), name(2, 1), "k1", "luca"),
        pair("UNSURE", name(0, 0), name(4, 2), "q1"),
        said("RETRACT", "r1", retracts="s1"),
    )


def pair(kind: str, one: str, other: str, identity: str, who: str = "anna") -> dict[str, str]:
    return said(kind, identity, img1=one, img2=other, annotator=who)


def said(kind: str, identity: str, **cells: str) -> dict[str, str]:
    day = 1 + sum(identity.encode()) % 28
    at = f"2026-03-{day:02}T10:00:00+00:00"
    return {"type": kind, "annotation_id": identity, "annotator": "anna", "made_at": at, **cells}


def rows_of(*rows: dict[str, str]) -> str:
    """An annotation file."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def befall(images: Path) -> None:
    """Between the rounds a picture is renamed, one replaced, one removed, and one comes damaged."""
    (images / name(1, 2)).rename(images / "1-new.jpg")
    draw(images / name(5, 1), 5, 0)
    (images / name(4, 1)).unlink()
    (images / "damaged.jpg").write_bytes(b"\xff\xd8\xff no picture")


def pack(project: Path, out: Path) -> None:
    """All but what may be missing from a back-up, in an order of its own."""
    with tarfile.open(out, "w:xz", preset=9, format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(project.rglob("*")):
            inside = path.relative_to(project)
            if inside.parts[0] not in LEFT_OUT:
                archive.add(path, str(inside), recursive=False, filter=_of_nobody)


def _of_nobody(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


if __name__ == "__main__":
    main()
