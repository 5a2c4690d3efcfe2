"""What a package says of its files: Frictionless Data Package v2, and Croissant 1.0."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from vsig_core.exchange.tabular import is_parquet
from vsig_core.release import release
from vsig_core.store.schema import TABLES, Column, TableSpec

TITLE = "Visual signatures of artworks, from a vsig project"
_PICTURES = {"uid", "img1", "img2", "anchor", "positive", "negative"}
_CROISSANT = "http://mlcommons.org/croissant/"
_SOFTWARE = f"vsig {release()}"


@dataclass(frozen=True)
class Resource:
    """A table's file in a package."""

    table: str
    path: str
    bytes: int
    sha256: str

    @classmethod
    def of(cls, table: str, file: Path, root: Path) -> "Resource":
        """That of a file that was written."""
        data = file.read_bytes()
        path = file.relative_to(root).as_posix()
        return cls(table, path, len(data), hashlib.sha256(data).hexdigest())

    @property
    def spec(self) -> TableSpec:
        """The table's declaration."""
        return TABLES[self.table]


def data_package(resources: Sequence[Resource], created: str) -> dict[str, Any]:
    """A Frictionless Data Package; `created` is ISO 8601."""
    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": "vsig-project",
        "title": TITLE,
        "created": created,
        "contributors": [{"title": _SOFTWARE, "roles": ["wrangler"]}],
        "resources": [_resource(resource) for resource in resources],
    }


def _resource(resource: Resource) -> dict[str, Any]:
    parquet = is_parquet(resource.table)
    return {
        "name": resource.table.replace("_", "-"),
        "type": "table",
        "path": resource.path,
        "description": resource.spec.meaning,
        "format": "parquet" if parquet else "csv",
        "mediatype": "application/vnd.apache.parquet" if parquet else "text/csv",
        "encoding": "utf-8",
        # Of Parquet, Frictionless reads no bytes, and would find these wrong.
        **({} if parquet else {"bytes": resource.bytes, "hash": f"sha256:{resource.sha256}"}),
        "schema": {
            "fields": [_field(column) for column in resource.spec.columns],
            "missingValues": [""],
            "primaryKey": list(resource.spec.key),
            "foreignKeys": _foreign_keys(resource.spec),
        },
    }


def _field(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": _frictionless_type(column),
        "description": _meaning(column),
    }


def _meaning(column: Column) -> str:
    if pa.types.is_binary(column.type):
        return f"file in objects/: {column.meaning}"
    return column.meaning.replace("object: ", "file in objects/: ")


def _frictionless_type(column: Column) -> str:
    if column.name == "vector":
        return "any"
    return _kind(column.type, _FRICTIONLESS)


def _foreign_keys(spec: TableSpec) -> list[dict[str, Any]]:
    """Columns that name a picture: no table names one that did not leave."""
    if spec.name == "images":
        return []
    return [
        {"fields": [name], "reference": {"resource": "images", "fields": ["uid"]}}
        for name in spec.schema.names
        if name in _PICTURES
    ]


def croissant(resources: Sequence[Resource], created: str) -> dict[str, Any]:
    """A Croissant description of the same files."""
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": f"{_CROISSANT}1.0",
        "name": "vsig-project",
        "description": f"{TITLE}: pictures, judgements, links, vectors, clusters and map.",
        "citeAs": f"A project of {_SOFTWARE}; cite those whom the column annotators names.",
        "license": "Rights differ by picture: see the column rights of the table images.",
        "url": "urn:vsig:project",
        "version": "1.0.0",
        "datePublished": created,
        "creator": {"@type": "sc:Organization", "name": _SOFTWARE},
        "distribution": [_file_object(resource) for resource in resources],
        "recordSet": [_record_set(resource) for resource in resources],
    }


def _file_object(resource: Resource) -> dict[str, Any]:
    parquet = is_parquet(resource.table)
    return {
        "@type": "cr:FileObject",
        "@id": resource.path,
        "name": resource.path,
        "description": resource.spec.meaning,
        "contentUrl": resource.path,
        "contentSize": f"{resource.bytes} B",
        "encodingFormat": "application/x-parquet" if parquet else "text/csv",
        "sha256": resource.sha256,
    }


def _record_set(resource: Resource) -> dict[str, Any]:
    name = resource.table
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": resource.spec.meaning,
        "key": [{"@id": f"{name}/{column}"} for column in resource.spec.key],
        "field": [_croissant_field(resource, column) for column in resource.spec.columns],
    }


def _croissant_field(resource: Resource, column: Column) -> dict[str, Any]:
    # In CSV a list is one cell of JSON.
    listed = is_parquet(resource.table) and pa.types.is_list(column.type)
    about: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": f"{resource.table}/{column.name}",
        "name": column.name,
        "description": _meaning(column),
        "dataType": "sc:Float" if listed else _kind(column.type, _SCHEMA_ORG),
        "source": {"fileObject": {"@id": resource.path}, "extract": {"column": column.name}},
    }
    if listed:
        about["repeated"] = True
    if column.name in _PICTURES and resource.table != "images":
        about["references"] = {"field": {"@id": "images/uid"}}
    return about


_FRICTIONLESS = {
    "integer": "integer",
    "floating": "number",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "datetime",
    "list": "array",
}
_SCHEMA_ORG = {
    "integer": "sc:Integer",
    "floating": "sc:Float",
    "boolean": "sc:Boolean",
    "date": "sc:Date",
    "timestamp": "sc:DateTime",
}


def _kind(data_type: pa.DataType, names: Mapping[str, str]) -> str:
    """The name of an Arrow type in another vocabulary; text where it has none."""
    for kind, name in names.items():
        if getattr(pa.types, f"is_{kind}")(data_type):
            return name
    return "string" if names is _FRICTIONLESS else "sc:Text"


_JSON = {"@type": "@json"}
# The context that the Croissant 1.0 specification asks for.
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": _CROISSANT,
    "sc": "https://schema.org/",
    "dct": "http://purl.org/dc/terms/",
    "rai": f"{_CROISSANT}RAI/",
    "conformsTo": "dct:conformsTo",
    "column": "cr:column",
    "data": {"@id": "cr:data", **_JSON},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", **_JSON},
    **{
        name: f"cr:{name}"
        for name in (
            "citeAs", "equivalentProperty", "extract", "field", "fileProperty", "fileObject",
            "fileSet", "format", "includes", "isLiveDataset", "jsonPath", "key", "md5",
            "parentField", "path",
            "recordSet", "references", "regex", "repeated", "replace", "samplingRate", "separator",
            "source", "subField", "transform",
        )
    },
}  # fmt: skip
