"""The pictures of the tutorial, from a finished demo project: `python docs/write_pictures.py demo`.

Small on purpose: they lie in the repository. A second argument names another folder to write to.
"""

import sys
from collections import Counter
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps

from vsig_core.current import champion_id, current_images
from vsig_core.project import Project, open_project
from vsig_core.review import Bar, plot_retrieval
from vsig_core.store import Store

HERE = Path(__file__).parent
TILE, GAP, MAP = 180, 6, 1000  # pixels


def main() -> None:
    """Write all of them."""
    project = open_project(Path(sys.argv[1]))
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else HERE / "images"
    store = project.store
    _sheet(store, _of_largest(store, "motif_members", "motif")[:4], columns=4).save(
        folder / "tutorial-signature.jpg", quality=80, optimize=True
    )
    _sheet(store, _of_largest(store, "groups", "group")[:12], columns=6).save(
        folder / "tutorial-group.jpg", quality=75, optimize=True
    )
    _map(store).save(folder / "tutorial-map.jpg", quality=70, optimize=True)
    (folder / "tutorial-retrieval.png").write_bytes(_retrieval(project))


def _of_largest(store: Store, table: str, column: str) -> list[str]:
    """Pictures of the largest signature or group."""
    rows = store.read(table).to_pylist()
    shown = [row for row in rows if row.get("why", "motif") in ("motif", "cluster")]
    (largest, _), *_ = Counter(row[column] for row in shown).most_common(1)
    return [row["uid"] for row in shown if row[column] == largest]


def _sheet(store: Store, uids: list[str], columns: int) -> Image.Image:
    """Pictures in rows, each fitted into a square of white."""
    keys = current_images(store, ["uid", "working"], uids)["working"].to_pylist()
    step = TILE + GAP
    rows = -(-len(keys) // columns)
    sheet = Image.new("RGB", (columns * step - GAP, rows * step - GAP), "white")
    for place, key in enumerate(keys):
        picture = Image.open(BytesIO(store.objects.get(key))).convert("RGB")
        tile = ImageOps.pad(picture, (TILE, TILE), color="white")
        sheet.paste(tile, (place % columns * step, place // columns * step))
    return sheet


def _map(store: Store) -> Image.Image:
    whole = Image.open(BytesIO(store.objects.get(store.read("atlas")["picture"][0].as_py())))
    whole.thumbnail((MAP, MAP))
    return whole.convert("RGB")


def _retrieval(project: Project) -> bytes:
    """Test mAP of the newest evaluation: grey thumbnail, pretrained, in force."""
    store = project.store
    rows = store.read("evaluations").to_pylist()
    newest = max(row["links_version"] for row in rows)
    pretrained = {
        row["model_id"] for row in store.read("models").to_pylist() if row["origin"] == "pretrained"
    }
    labels = {"grey16": "grey thumbnail", **dict.fromkeys(pretrained, "pretrained")}
    labels[champion_id(store)] = "in force"
    found = {
        row["subject"]: row
        for row in rows
        if (row["split"], row["metric"], row["links_version"]) == ("test", "map", newest)
    }
    return plot_retrieval(
        [
            Bar(label, found[subject]["value"], found[subject]["ci_low"], found[subject]["ci_high"])
            for subject, label in labels.items()
            if subject in found
        ]
    )


if __name__ == "__main__":
    main()
