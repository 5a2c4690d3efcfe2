"""A lab of ten pictures, two of them judged to carry one signature, for what becomes of them."""

import shutil
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from small_project import SMALL, run_stage

from vsig_core.project import init_project, open_project
from vsig_pipeline.findings import findings

SETTINGS = f"[images]\nbatch_size = 4\n{SMALL}"


def drawn(path: Path, seed: int, quality: int = 90) -> None:
    """A picture like no other: a few rectangles."""
    picture = Image.new("RGB", (160, 120), (seed * 37 % 255, seed * 91 % 255, 120))
    pen = ImageDraw.Draw(picture)
    for n in range(6):
        x, y = (seed * 31 + n * 47) % 130, (seed * 17 + n * 29) % 90
        colour = ((seed + n) * 61 % 255, n * 40, (seed * n * 13) % 255)
        pen.rectangle((x, y, x + 20 + n * 6, y + 15 + seed % 20), fill=colour)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, "JPEG", quality=quality)


class Lab:
    """A project on ten pictures of its own, two of them judged to carry one signature."""

    def __init__(self, folder: Path) -> None:
        self.pictures = folder / "pictures"
        self.project = open_project(folder / "project")

    @classmethod
    def begin(cls, folder: Path) -> "Lab":
        """Draw the pictures and take them and the judgements in."""
        pictures = folder / "pictures"
        for seed in range(10):
            drawn(pictures / f"p{seed}.jpg", seed)
        init_project(folder / "project", [str(pictures)])
        path = folder / "project" / "vsig.toml"
        path.write_text(f'[[source]]\nuri = "{pictures}"\n{SETTINGS}')
        lab = cls(folder)
        lab.judge("POSITIVE,p1.jpg,p2.jpg", "NEGATIVE,p1.jpg,p3.jpg")
        lab.go()
        return lab

    def copied_to(self, folder: Path) -> "Lab":
        """The same on pictures of its own."""
        pictures = folder / "pictures"
        shutil.copytree(self.pictures, pictures)
        shutil.copytree(self.project.folder, folder / "project")
        path = folder / "project" / "vsig.toml"
        path.write_text(path.read_text().replace(str(self.pictures), str(pictures)))
        copied = Lab(folder)
        copied.go()
        return copied

    def judge(self, *rows: str) -> None:
        self.project.inbox.write("rows.csv", "\n".join(["type,img1,img2", *rows]).encode())

    def go(self) -> None:
        for stage in ("ingest", "annotate"):
            run_stage(self.project, stage)

    def rename(self, old: str, new: str) -> None:
        (self.pictures / new).parent.mkdir(exist_ok=True)
        (self.pictures / old).rename(self.pictures / new)

    def links(self) -> dict[tuple[str, str], str]:
        rows = self.project.store.read("links").to_pylist()
        return {(row["img1"], row["img2"]): row["verdict"] for row in rows if not row["contested"]}

    def table(self, name: str) -> list[dict[str, Any]]:
        return self.project.store.read_or_empty(name).to_pylist()

    def decoded(self) -> int:
        """Of the newest reading."""
        return self.project.store.commits("images")[0].provenance.facts["decoded"]

    def found(self, kind: str) -> list[str]:
        return next((f.items for f in findings(self.project) if f.kind == kind), [])
