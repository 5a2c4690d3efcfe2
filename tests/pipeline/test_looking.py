"""Pictures that people bring, seen by a real network in a process of its own."""

import io
import sys

import numpy as np
import pytest
from PIL import Image

from vsig_core.errors import InputError
from vsig_core.project import Project
from vsig_core.review.looking import look_at, match_of, nearest


def a_picture(project: Project) -> tuple[str, bytes]:
    """Uid and file of a picture of the corpus."""
    row = project.store.read("images", columns=["uid", "uri"]).to_pylist()[0]
    with open(row["uri"], "rb") as file:  # noqa: PTH123
        return row["uid"], file.read()


def test_a_file_of_the_corpus_is_nearest_to_itself(finished: Project):
    uid, data = a_picture(finished)
    seen = look_at(finished, data)
    assert np.linalg.norm(seen.vector) == pytest.approx(1, abs=1e-4)
    found = nearest(finished, seen.vector, 5)
    assert found[0] == (uid, pytest.approx(0, abs=1e-4))
    assert [away for _, away in found] == sorted(away for _, away in found)
    others = nearest(finished, seen.vector, 5, without=uid)
    assert [name for name, _ in others] == [
        name for name, _ in nearest(finished, seen.vector, 6)[1:]
    ]


def test_a_detail_is_cut_out_before_it_is_looked_at(finished: Project):
    _, data = a_picture(finished)
    whole, part = look_at(finished, data), look_at(finished, data, (0.25, 0.25, 0.5, 0.5))
    with (
        Image.open(io.BytesIO(whole.working)) as one,
        Image.open(io.BytesIO(part.working)) as other,
    ):
        assert other.size == pytest.approx((one.width / 2, one.height / 2), abs=1)
    again = look_at(finished, part.working)
    assert float(again.vector @ part.vector) > 0.98, "the detail's own picture is seen alike"
    assert float(whole.vector @ part.vector) < 0.9999


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"<svg onload='alert(1)'/>", "unsupported"),
        (b"\xff\xd8\xff\xe0 not a jpeg", "not_a_picture|unreadable|truncated"),
    ],
)
def test_what_is_no_picture_is_refused(finished: Project, data: bytes, said: str):
    with pytest.raises(InputError, match=said):
        look_at(finished, data)


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(finished: Project):
    out = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(out, "PNG")
    with pytest.raises(InputError, match="too_many_pixels"):
        look_at(finished, out.getvalue())


def test_what_two_pictures_share_is_found_and_framed_in_both(grown: Project):
    uids = grown.store.read("images", columns=["uid"])["uid"].to_pylist()
    one, other = match_of(grown, *uids[:2]), match_of(grown, uids[1], uids[0])
    assert one.score == pytest.approx(other.score, rel=0.1)  # the fit begins at the first one
    same = match_of(grown, uids[0], uids[0])
    assert same.score > one.score and not same.mirrored and same.box1 == same.box2


def test_a_detail_of_a_few_pixels_is_refused(finished: Project):
    _, data = a_picture(finished)
    with pytest.raises(InputError, match="too_small"):
        look_at(finished, data, (0.5, 0.5, 0.01, 0.01))


def test_the_app_itself_holds_no_network(finished: Project):
    """In a process that imports the app alone: looking is the worker's."""
    import subprocess

    uid, _ = a_picture(finished)
    code = (
        "import sys; from pathlib import Path; import vsig_core.review.app\n"
        "from vsig_core.project import open_project; from vsig_core.review.looking import look_at\n"
        "if __name__ == '__main__':\n"
        f"    p = open_project(Path({str(finished.folder)!r}))\n"
        f"    row = p.store.read('images', among={{'uid': [{uid!r}]}}).to_pylist()[0]\n"
        "    look_at(p, p.store.objects.get(row['working']))\n"
        "    print('torch' in sys.modules)\n"
    )
    script = finished.folder.parent / "look.py"
    script.write_text(code)
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
