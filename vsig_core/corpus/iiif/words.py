"""What manifests say of pictures, in plain words, by the columns of `images`."""

import html
import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from vsig_core.corpus.iiif.parts import Object, address, objects, text

# Labels of metadata pairs in English, German, French, Italian and Spanish, without accents.
_LABELS = {
    "author": (
        "author authors creator creators artist artists painter engraver printmaker maker "
        "kunstler kunstlerin maler autor verfasser urheber beteiligte auteur artiste peintre "
        "createur autore artista pittore incisore creatore pintor creador"
    ),
    "title": "title titel titre titolo titulo",
    "date": (
        "date dates created creation_date date_created date_of_creation date_of_origin "
        "date_issued dated datum datierung entstehungszeit erscheinungsjahr date_de_creation "
        "data datazione cronologia data_di_creazione fecha datacion fecha_de_creacion"
    ),
    "place": (
        "place place_of_origin place_of_creation origin place_of_publication ort entstehungsort "
        "erscheinungsort lieu lieu_de_creation origine luogo luogo_di_creazione lugar origen "
        "lugar_de_creacion"
    ),
    "iconography": (
        "iconography subject subjects keywords topic topics iconclass thema schlagworte "
        "schlagwort ikonographie bildthema sujet sujets iconographie soggetto soggetti "
        "iconografia tema temas materia materias"
    ),
    "description": "description summary beschreibung descrizione descripcion",
    "rights": "rights license licence rechte lizenz droits diritti licenza derechos licencia",
}
_COLUMN_OF = {
    label.replace("_", " "): column
    for column, labels in _LABELS.items()
    for label in labels.split()
}
# Columns that mean something to vsig, and that no stranger's label may fill.
_OURS = frozenset({
    "uid", "id", "url", "path", "file_name", "filename", "publish", "embargo_until", "work", "part",
    "canvas", "manifest", "date_text", "year", "year_from", "year_to", "lat", "lon", "latitude",
    "longitude", "lng", "long", "permalink", "keywords", "category", "tags",
})  # fmt: skip
_TAG = re.compile(r"</?[A-Za-z][^>]*>")


def plain(value: str) -> str:
    """Text without tags and entities, in one line."""
    return " ".join(html.unescape(_TAG.sub(" ", value)).split())


def words(value: Any) -> str:
    """What a label or a value says: in English where it can be chosen, else without a language,
    else in the first language given. Several values are joined by "; ".
    """
    by_language: dict[str, list[str]] = {}
    for language, said in _spoken(value):
        by_language.setdefault(language.partition("-")[0].lower(), []).append(said)
    chosen = next((name for name in ("en", "none", "") if name in by_language), None)
    said = by_language[chosen] if chosen is not None else next(iter(by_language.values()), [])
    return "; ".join(dict.fromkeys(filter(None, map(plain, said))))


def _spoken(value: Any) -> Iterable[tuple[str, str]]:
    """Language ("" where there is none) and text, of both versions' ways to say it."""
    if isinstance(value, list):
        for part in value:
            yield from _spoken(part)
    elif isinstance(value, dict) and "@value" in value:
        yield text(value.get("@language")), text(value["@value"])
    elif isinstance(value, dict):
        for language, said in value.items():
            if isinstance(said, str | list):
                parts = said if isinstance(said, list) else [said]
                yield from ((language.removeprefix("@"), text(part)) for part in parts)
    elif isinstance(value, str | int | float):
        yield "", str(value)


def columns_of(part: Object, base: str) -> dict[str, str]:
    """What a manifest or a canvas says, by column; all but its label and what is ours to say."""
    said: dict[str, list[str]] = {}
    for pair in objects(part.get("metadata")):
        label, value = words(pair.get("label")), words(pair.get("value"))
        if label and value:
            said.setdefault(_column(label), []).append(value)
    # A date joined from two could not be read: the first stands.
    found = {c: v[0] if c == "date" else "; ".join(dict.fromkeys(v)) for c, v in said.items()}
    single = {
        "description": words(part.get("summary")) or words(part.get("description")),
        "rights": address(_first(part.get("rights", part.get("license"))), base),
        "permalink": address(_first(part.get("homepage", part.get("related"))), base),
        "attribution": _attribution(part),
    }
    return {**{name: value for name, value in single.items() if value}, **_without(found, single)}


def _without(found: dict[str, str], single: dict[str, str]) -> dict[str, str]:
    """Pairs; a rights statement in a property of its own goes before one in words."""
    if single["rights"] and "rights" in found:
        return {("rights in words" if n == "rights" else n): v for n, v in found.items()}
    return found


def _attribution(part: Object) -> str:
    required = part.get("requiredStatement")
    if isinstance(required, dict):
        return words(required.get("value"))
    return words(part.get("attribution"))


def _column(label: str) -> str:
    decomposed = unicodedata.normalize("NFKD", label.lower())
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    name = re.sub(r"\([^)]*\)", "", bare).strip(" :.")
    if name in _COLUMN_OF:
        return _COLUMN_OF[name]
    shown = label.strip(" :").lower()
    # A leading underscore is VIKUS' way to name our columns.
    return f"iiif {shown}" if shown.removeprefix("_") in _OURS else shown


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value
