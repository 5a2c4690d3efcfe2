"""Local evidence in the loop: off by default, and when it is on, put before people."""

from command_line import document, vsig
from small_project import edit_settings, run_quietly

from vsig_core.pair_evidence import pair_evidence
from vsig_core.project import Project


def test_near_pictures_are_compared_once_and_what_they_share_is_put_before_people(grown: Project):
    assert not grown.store.read("pair_evidence").num_rows, "off by default"
    on = "[evidence]\nenabled = true\nresolution = 96\ncompared = 3\n[evaluation]"
    project = edit_settings(grown, ("[evaluation]", on))
    tasks = [task.step for task in run_quietly(project)]
    assert tasks == ["pair_evidence", "review_queue"]
    rows = project.store.read("pair_evidence").to_pylist()
    assert len(rows) > 60
    assert all(row["img1"] < row["img2"] for row in rows)
    best = max(rows, key=lambda row: row["score"])
    alone = pair_evidence(project, best["img1"], best["img2"])
    assert best["score"] == alone.score and best["mirrored"] == alone.mirrored
    asked = best["img1"], best["img2"]
    assert document("why", *asked, project=project.folder)["evidence"]["score"] == best["score"]
    assert (
        f"local evidence {best['score']:.1f}" in vsig("why", *asked, project=project.folder).stdout
    )
    queue = project.store.read("review_queue").to_pylist()
    assert any("share a part" in " ".join(row["reasons"]) for row in queue)

    run_quietly(project, "pair_evidence")
    assert project.store.read("pair_evidence").to_pylist() == rows
