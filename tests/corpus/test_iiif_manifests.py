"""One manifest: which pictures it paints, where they are asked for, what is said of them."""

import json
from typing import Any

import iiif_prezi3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from iiif_documents import (
    canvas2,
    canvas3,
    image2,
    image3,
    manifest2,
    manifest3,
    service2,
    service3,
)  # fmt: skip

from vsig_core.corpus.iiif.manifests import Pictures, Wanted, pictures_of
from vsig_core.corpus.iiif.words import words
from vsig_core.errors import FetchError

BASE = "https://museum.example/m1"
C1, C2 = f"{BASE}/canvas/1", f"{BASE}/canvas/2"
ANY = "https://images.example/iiif/a"
FULL = f"{ANY}/full/max/0/default.jpg"


def read(manifest: Any, work: Any = "canvas", info: dict[str, Any] | None = None) -> Pictures:
    def asked(url: str) -> dict[str, Any]:
        if info is None:
            raise FetchError("unreachable", url)
        assert url == f"{ANY}/info.json"
        return info

    return pictures_of(manifest, BASE, Wanted(1024, work, asked))


def uris(manifest: Any, **more: Any) -> list[str]:
    return [painted.uri for painted in read(manifest, **more).painted]


def test_what_a_reference_library_writes_is_read():
    manifest = iiif_prezi3.Manifest(id=BASE, label={"en": ["Single Image Example"]})
    canvas = manifest.make_canvas(id=C1, height=1800, width=1200)
    canvas.add_image(
        "https://images.example/page1.png", format="image/png", height=1800, width=1200
    )
    (painted,) = read(json.loads(manifest.json())).painted
    assert (painted.uid, painted.uri) == (C1, "https://images.example/page1.png")
    assert painted.columns["title"] == "Single Image Example"
    assert painted.columns["part"] == "whole"


def test_the_tests_own_manifests_are_valid():
    manifest = manifest3(BASE, canvas3(C1, image3(FULL, service=[service3(ANY)]), label="1"))
    assert iiif_prezi3.Manifest(**manifest).id == BASE


# Sizes


@pytest.mark.parametrize(
    ("service", "size"),
    [
        (service3(ANY, "level2"), "1024,768"),
        (service3(ANY, "level1"), "1024,768"),
        (service3(ANY, "level1", maxWidth=600), "600,450"),
        (service3(ANY, "level2", maxArea=750_000), "1000,750"),
        (service2(ANY), "1024,"),
        (service2(ANY, 1), "1024,"),
        (service2(ANY, profile=["http://iiif.io/api/image/2/level2.json", {"maxWidth": 400}]),
         "400,"),
    ],
)  # fmt: skip
def test_a_picture_is_asked_for_in_the_size_that_is_needed(service: Any, size: str):
    manifest = manifest3(BASE, canvas3(C1, image3(FULL, service=[service])))
    assert uris(manifest) == [f"{ANY}/full/{size}/0/default.jpg"]


def test_a_small_picture_is_not_asked_for_larger_than_it_is():
    small = image3(FULL, 800, 600, service=[service3(ANY)])
    assert uris(manifest3(BASE, canvas3(C1, small))) == [f"{ANY}/full/max/0/default.jpg"]
    small = image2(FULL, 800, 600, service=service2(ANY))
    assert uris(manifest2(BASE, canvas2(C1, small))) == [f"{ANY}/full/full/0/default.jpg"]


def test_a_tall_picture_has_its_longer_side_asked_for():
    tall = image3(FULL, 1000, 5000, service=[service3(ANY)])
    assert uris(manifest3(BASE, canvas3(C1, tall))) == [f"{ANY}/full/204,1024/0/default.jpg"]


SIZES = [{"width": w, "height": w * 3 // 4} for w in (200, 1600, 800, 3200)]


def test_a_static_service_gives_the_size_that_is_just_enough():
    image = image3(FULL, service=[service3(ANY, "level0", sizes=SIZES)])
    assert uris(manifest3(BASE, canvas3(C1, image))) == [f"{ANY}/full/1600,1200/0/default.jpg"]
    image = image2(FULL, service=service2(ANY, 0, sizes=SIZES[:1]))
    assert uris(manifest2(BASE, canvas2(C1, image))) == [f"{ANY}/full/200,/0/default.jpg"]


def test_what_the_manifest_does_not_say_the_service_says():
    bare = {"id": FULL, "type": "Image", "service": [{"id": ANY, "type": "ImageService3"}]}
    manifest = manifest3(BASE, canvas3(C1, bare))
    info = {"profile": "level2", "width": 6000, "height": 3000}
    assert uris(manifest, info=info) == [f"{ANY}/full/1024,512/0/default.jpg"]
    info = {"profile": "level0", "sizes": SIZES, "width": 6000, "height": 3000}
    assert uris(manifest, info=info) == [f"{ANY}/full/1600,1200/0/default.jpg"]
    assert uris(manifest, info={"profile": "level0"}) == [FULL]
    assert uris(manifest) == [FULL]  # nobody answers: as the manifest itself has it


def test_image_api_1_has_another_word_for_its_quality():
    service = {"@id": ANY, "profile":
               "http://library.stanford.edu/iiif/image-api/1.1/compliance.html#level1"}  # fmt: skip
    manifest = manifest2(BASE, canvas2(C1, image2(FULL, service=service)))
    assert uris(manifest) == [f"{ANY}/full/1024,/0/native.jpg"]


def test_other_services_are_no_image_services():
    image = image3(FULL, service=[{"id": "https://x/auth", "type": "AuthAccessService2"}])
    assert uris(manifest3(BASE, canvas3(C1, image))) == [FULL]


# What is painted


def test_each_canvas_is_one_picture_called_by_its_id():
    canvases = [canvas3(C1, image3(FULL), label="1r"), canvas3(C2, image3(FULL))]
    first, second = read(manifest3(BASE, *canvases)).painted
    assert (first.uid, second.uid) == (C1, C2)
    assert (first.columns["part"], second.columns["part"]) == ("1r", "page 2")
    assert first.columns["work"] == first.columns["canvas"] == C1
    assert first.columns["manifest"] == BASE
    assert read(manifest3(BASE, *canvases), work="manifest").painted[0].columns["work"] == BASE


def test_version_2_says_the_same_and_only_its_first_sequence_counts():
    found = read(manifest2(BASE, canvas2(C1, image2(FULL)), canvas2(C2, image2(FULL), label="1v")))
    assert [(p.uid, p.columns["part"]) for p in found.painted] == [(C1, "f. 1r"), (C2, "1v")]
    assert found.painted[0].columns["title"] == "Book 1"


def test_a_canvas_of_several_images_gives_a_row_for_each():
    found = read(manifest3(BASE, canvas3(C1, image3(FULL), image3("https://x.example/b.jpg"))))
    assert [(p.uid, p.columns["canvas"]) for p in found.painted] == [
        (C1, C1),
        (f"{C1}#image-2", C1),
    ]


def test_of_a_choice_the_first_is_taken():
    items = [image3("https://x.example/natural.jpg"), image3("https://x.example/xray.jpg")]
    choice = {"type": "Choice", "items": items}
    assert uris(manifest3(BASE, canvas3(C1, choice))) == ["https://x.example/natural.jpg"]
    old = {"@type": "oa:Choice", "default": image2("https://x.example/natural.jpg"),
           "item": [image2("https://x.example/uv.jpg")]}  # fmt: skip
    assert uris(manifest2(BASE, canvas2(C1, old))) == ["https://x.example/natural.jpg"]


def test_a_region_of_a_picture_is_asked_for_as_such():
    source = image3(FULL, service=[service3(ANY)])
    part = {"type": "SpecificResource", "source": source,
            "selector": {"type": "ImageApiSelector", "region": "10,20,2048,1024"}}  # fmt: skip
    assert uris(manifest3(BASE, canvas3(C1, part))) == [
        f"{ANY}/10,20,2048,1024/1024,512/0/default.jpg"
    ]
    old = {"@type": "oa:SpecificResource", "full": image2(FULL, service=service2(ANY)),
           "selector": {"@type": "iiif:ImageApiSelector", "region": "0,0,500,400"}}  # fmt: skip
    assert uris(manifest2(BASE, canvas2(C1, old))) == [f"{ANY}/0,0,500,400/full/0/default.jpg"]


def test_films_and_comments_are_no_pictures():
    film = {"id": "https://x.example/a.mp4", "type": "Video", "format": "video/mp4"}
    comment = canvas3(C2)
    comment["items"][0]["items"] = [
        {"type": "Annotation", "motivation": "commenting", "body": image3(FULL)}
    ]
    found = read(manifest3(BASE, canvas3(C1, film), comment))
    assert found.painted == []
    assert all("no picture is painted" in refused for refused in found.refused)


def test_relative_ids_are_read_against_the_manifest():
    (painted,) = read(manifest3(BASE, canvas3("canvas/1", image3("img/a.jpg")))).painted
    assert painted.uid == "https://museum.example/canvas/1"
    assert painted.uri == "https://museum.example/img/a.jpg"


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("not a canvas", "is no object"),
        (None, "is no object"),
        ({"type": "Canvas"}, "has no id"),
        ({"id": 7, "items": []}, "has no id"),
        ({"id": "http://[", "items": []}, "has no id"),
        (canvas3(C2), "no picture is painted"),
        ({"id": C2, "type": "Canvas", "items": "none"}, "no picture is painted"),
        (canvas3(C2, {"type": "Choice", "items": []}), "no picture is painted"),
        (canvas3(C2, {"type": "Image"}), "no picture is painted"),
        (canvas3(C2, image3("file:///etc/passwd")), "only http:// and https://"),
        (canvas3(C2, image3("ftp://x.example/a.jpg")), "only http:// and https://"),
        (canvas3(C2, {"type": "Image", "service": [service3(ANY, "level0")]}), "info.json"),
    ],
)
def test_one_bad_canvas_never_loses_the_others(bad: Any, why: str):
    good = [canvas3(C1, image3(FULL)), canvas3(f"{BASE}/canvas/3", image3(FULL))]
    found = read(manifest3(BASE, good[0], bad, good[1]))
    assert [painted.uid for painted in found.painted] == [C1, f"{BASE}/canvas/3"]
    assert len(found.refused) == 1 and why in found.refused[0]


def test_no_more_canvases_are_read_than_a_book_can_have(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("vsig_core.corpus.iiif.manifests.MOST_CANVASES", 2)
    found = read(manifest3(BASE, canvas3(C1, image3(FULL)), {}, {}, {}))
    assert [painted.uid for painted in found.painted] == [C1]
    assert ["4 canvases" in found.refused[0], "canvas 2" in found.refused[1]] == [True, True]
    assert len(found.refused) == 2


HUGE = 10**400


@pytest.mark.parametrize(
    "body",
    [
        image3(FULL, service=[service3(ANY, maxWidth=HUGE)]),
        image3(FULL, service=[service3(ANY, maxArea=HUGE)]),
        image3(FULL, HUGE, HUGE, service=[service3(ANY)]),
        {"type": "SpecificResource", "source": image3(FULL, service=[service3(ANY)]),
         "selector": {"type": "FragmentSelector", "value": f"xywh=0,0,{'9' * 5000},9"}},
    ],
)  # fmt: skip
def test_numbers_that_no_picture_can_have_are_passed_over(body: Any):
    (first, second) = uris(manifest3(BASE, canvas3(C2, body), canvas3(C1, image3(FULL))))
    assert first.startswith(f"{ANY}/full/") and second == FULL


def test_a_manifest_without_canvases_says_so():
    for empty in (manifest3(BASE), manifest2(BASE), {"type": "Manifest", "items": "x"}):
        assert "no canvases" in read(empty).refused[0]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["id", "@id", "type", "@type", "items", "body", "service", "label", "metadata", "value",
             "sequences", "canvases", "images", "resource", "selector", "region", "source",
             "rights", "homepage", "summary", "requiredStatement", "sizes", "width", "profile",
             "@value"]
        ),
        inner | st.sampled_from(["Image", "Choice", "SpecificResource", "http://a.example/b"]),
        max_size=5,
    ),
    max_leaves=25,
)  # fmt: skip


@given(JSON, JSON)
def test_whatever_stands_in_a_manifest_the_good_canvas_is_read(part: Any, canvas: Any):
    manifest = manifest3(BASE, canvas, canvas3(C1, image3(FULL)), metadata=part)
    assert C1 in [painted.uid for painted in read(manifest).painted]
    read(manifest2(BASE, canvas, label=part, license=part, related=part))
    read({"type": "Manifest", "items": canvas, "label": part})


# Words


def said(**more: Any) -> dict[str, str]:
    (painted,) = read(manifest3(BASE, canvas3(C1, image3(FULL)), **more)).painted
    own = {"title", "canvas", "manifest", "work", "part"}
    return {name: value for name, value in painted.columns.items() if name not in own}


def pair(label: Any, value: Any) -> dict[str, Any]:
    return {"label": label, "value": value}


def test_metadata_pairs_become_columns_in_five_languages():
    pairs = [
        pair({"en": ["Creator"]}, {"none": ["Anne Artist", "Bea Artist"]}),
        pair({"de": ["Datierung"]}, {"de": ["um 1520"]}),
        pair({"fr": ["Lieu de création"]}, {"fr": ["Paris"]}),
        pair({"it": ["Soggetto"]}, {"it": ["Flora"]}),
        pair({"es": ["Descripción:"]}, {"es": ["Óleo"]}),
        pair({"en": ["Shelf mark"]}, {"none": ["MS 1"]}),
    ]
    assert said(metadata=pairs) == {
        "author": "Anne Artist; Bea Artist", "date": "um 1520", "place": "Paris",
        "iconography": "Flora", "description": "Óleo", "shelf mark": "MS 1",
    }  # fmt: skip


def test_rights_homepage_and_attribution_are_kept():
    rights = "http://creativecommons.org/licenses/by/4.0/"
    homepage = [{"id": "https://museum.example/1", "type": "Text", "label": {"en": ["Page"]}}]
    statement = pair({"en": ["Attribution"]}, {"en": ["<b>Museum</b> of Art"]})
    found = said(
        rights=rights,
        homepage=homepage,
        requiredStatement=statement,
        summary={"en": ["A <i>fine</i> book &amp; more"]},
        metadata=[pair({"en": ["Rights"]}, {"en": ["free to use"]})],
    )
    assert found == {
        "rights": rights, "permalink": "https://museum.example/1", "attribution": "Museum of Art",
        "description": "A fine book & more", "rights in words": "free to use",
    }  # fmt: skip
    (old,) = read(
        manifest2(BASE, canvas2(C1, image2(FULL)), license=[rights], attribution="Museum",
                  related={"@id": "https://museum.example/1"}, description="A book",
                  metadata=[pair([{"@value": "Date", "@language": "en"},
                                  {"@value": "Datum", "@language": "de"}], "1520")])
    ).painted  # fmt: skip
    assert old.columns.items() >= {
        "rights": rights, "permalink": "https://museum.example/1", "attribution": "Museum",
        "description": "A book", "date": "1520",
    }.items()  # fmt: skip


def test_a_canvas_goes_before_its_manifest():
    own = canvas3(C1, image3(FULL), metadata=[pair({"en": ["Date"]}, {"none": ["1525"]})])
    manifest = manifest3(BASE, own, metadata=[pair({"en": ["Date"]}, {"none": ["1520"]})])
    assert read(manifest).painted[0].columns["date"] == "1525"


def test_a_stranger_cannot_say_what_may_be_published_or_give_ids():
    pairs = [
        pair({"en": [label]}, {"en": ["full"]})
        for label in ("publish", "Embargo_until", "id", "_work", "path")
    ]
    assert set(said(metadata=pairs)) == {
        "iiif publish", "iiif embargo_until", "iiif id", "iiif _work", "iiif path",
    }  # fmt: skip


def test_words_are_chosen_by_language():
    assert words({"de": ["Buch"], "en-GB": ["Book"], "en": ["Books"]}) == "Book; Books"
    assert words({"de": ["Buch"], "none": ["B. 1"]}) == "B. 1"
    assert words({"de": ["Buch"], "fr": ["Livre"]}) == "Buch"
    assert words([{"@value": "Livre", "@language": "fr"}, "Book"]) == "Book"
    assert words(1520) == "1520" and words(None) == "" and words({"en": 7}) == ""
    assert words("a < b and <p>c</p>") == "a < b and c"
