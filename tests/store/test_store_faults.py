"""What passes is waited for; what lasts is told in one line."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from botocore.exceptions import EndpointConnectionError
from deltalake.exceptions import DeltaError
from s3_servers import Server, faults_seen, faulty

from vsig_core.errors import StoreError
from vsig_core.store import Provenance, Store, empty, open_files, schema
from vsig_core.store.aws import aws
from vsig_core.store.faults import lasts, passes, said

MADE = Provenance("x")
# As deltalake 1.6 and pyarrow 26 say it.
DELTA = (
    "Kernel error -> Generic S3 error\n \x1b[31m\u21b3\x1b[0m Error performing GET http://h/b/k - "
)
DELTA_DENIED = DELTA + (
    "Server returned non-2xx status code\n \x1b[31m\u21b3\x1b[0m 403 Forbidden\n \u21b3 "
    "<?xml version='1.0'?><Error><Code>SignatureDoesNotMatch</Code><Message></Message></Error>"
)
DELTA_BUSY = (
    DELTA + "Server returned non-2xx status code\n \x1b[31m\u21b3\x1b[0m 503 Service Unavailable"
)
DELTA_CUT = (
    "Generic S3 error: Error getting list response body: HTTP error: request or response body error"
)
DELTA_REFUSED = (
    DELTA + "HTTP error \u21b3 tcp connect error \u21b3 Connection refused (os error 111)"
)
DELTA_FULL = "Unable to copy data to file: No space left on device (os error 28)"
DELTA_READ_ONLY = (
    'Error: Os { code: 30, kind: ReadOnlyFilesystem, message: "Read-only file system" }'
)
ARROW_BUSY = (
    "When reading: AWS Error UNKNOWN (HTTP status 503) during HeadObject operation: No body."
)
ARROW_CUT = (
    "AWS Error NETWORK_CONNECTION during GetObject operation: curlCode: 18, Transferred a part"
)
ARROW_DENIED = "AWS Error ACCESS_DENIED during GetObject operation: no"


@pytest.mark.parametrize(
    ("error", "may_pass", "words"),
    [
        (OSError(DELTA_DENIED), False, "SignatureDoesNotMatch: the keys are wrong"),
        (OSError(DELTA_BUSY), True, "the server answers 503"),
        (DeltaError(DELTA_CUT), True, "body error"),
        (OSError(DELTA_REFUSED), True, "Connection refused"),
        (DeltaError(DELTA_FULL), False, "No space left on device"),
        (DeltaError(DELTA_READ_ONLY), False, "Read-only file system"),
        (OSError(ARROW_BUSY), True, "503"),
        (OSError(ARROW_CUT), True, "Transferred a part"),
        (OSError(ARROW_DENIED), False, "AccessDenied: these keys have no right"),
        (EndpointConnectionError(endpoint_url="http://h"), True, "Could not connect"),
    ],
)
def test_what_may_pass_is_told_from_what_lasts(error, may_pass, words):
    assert passes(error) is may_pass
    assert words in said(error) and "\n" not in said(error) and "\x1b" not in said(error)


@pytest.mark.parametrize(
    ("cause", "wanted"),
    [
        (OSError(DELTA_DENIED), True),
        (DeltaError(DELTA_FULL), True),
        (OSError(28, "No space left on device"), True),
        (OSError(13, "Permission denied"), True),
        (OSError(DELTA_BUSY), False),
        (OSError(5, "Input/output error"), False),
        (None, False),
    ],
)
def test_what_only_a_person_can_mend_is_told_apart(cause: Exception | None, wanted: object):
    error = StoreError("x cannot be written")
    error.__cause__ = cause
    assert lasts(error) is wanted


def links(*pairs: tuple[str, str]) -> pa.Table:
    rows = [{"img1": img1, "img2": img2} for img1, img2 in pairs]
    return pa.Table.from_pylist(rows, schema("links"))


@pytest.mark.slow
def test_on_a_bad_day_each_row_and_file_is_there_once(moto: Server, monkeypatch):
    moto.reach(monkeypatch)
    bucket = moto.new_bucket()
    with faulty(moto) as address:
        moto.reach(monkeypatch, address)
        store, files = Store(f"s3://{bucket}/store"), open_files(f"s3://{bucket}/inbox")
        for number in range(8):
            store.append("links", links(("a", f"{number:02}")), MADE)
            assert store.count("links") == number + 1
            files.write(f"{number:02}.csv", b"x" * 1000)
        wanted = [f"{number:02}" for number in range(8)]
        assert store.read("links")["img2"].to_pylist() == wanted
        assert [file.name for file in files.list()] == [f"{name}.csv" for name in wanted]
        assert {files.read(f"{name}.csv") for name in wanted} == {b"x" * 1000}
        seen = faults_seen(address)
    kinds = ("503", "cut before", "cut after", "cut within", "slow")
    assert all(seen[kind] > 1 for kind in kinds), seen
    moto.reach(monkeypatch)
    assert Store(f"s3://{bucket}/store").read("links")["img2"].to_pylist() == wanted


def test_what_has_not_changed_is_not_read_again(moto: Server, monkeypatch):
    with faulty(moto, "--calm") as address:
        moto.reach(monkeypatch, address)
        store = Store(f"s3://{moto.new_bucket()}/a project")

        def requests(action: Callable[[], object]) -> int:
            before = faults_seen(address)["none"]
            action()
            return faults_seen(address)["none"] - before

        row = {"img1": "a", "img2": "b", "verdict": "POSITIVE", "annotators": ["anna"]}
        for _ in range(6):
            store.write("links", pa.Table.from_pylist([row], schema("links")), MADE)
        store.write("provenance", empty("provenance"), MADE)
        first = requests(lambda: store.commits("links"))
        store.version("links")
        # Is it the same version still, and is there a next one?
        assert requests(lambda: store.version("links")) == 2
        again = requests(lambda: store.commits("links"))
        assert again < first - 6  # each entry of the log was read
        store.write("links", pa.Table.from_pylist([row], schema("links")), MADE)
        assert len(store.commits("links")) == 7


def test_nobody_at_the_address_is_told_within_the_patience_of_a_command(moto: Server, monkeypatch):
    moto.reach(monkeypatch, "http://127.0.0.1:9")
    with pytest.raises(StoreError, match=r"s3://lab/x cannot be read: Could not connect"):
        open_files("s3://lab/x").check()


def test_a_bucket_that_vanishes_is_named(moto: Server, monkeypatch):
    moto.reach(monkeypatch)
    bucket = moto.new_bucket()
    store = Store(f"s3://{bucket}/store")
    store.write("links", links(("a", "b")), MADE)
    for file in list(open_files(f"s3://{bucket}").list(deep=True)):
        open_files(f"s3://{bucket}").remove(file.name)
    aws().client.delete_bucket(Bucket=bucket)
    for action in (
        lambda: store.read("links"),
        lambda: store.write("links", links(("a", "b")), MADE),
        lambda: store.objects.put("x", b"1", "bin"),
    ):
        with pytest.raises(StoreError, match="NoSuchBucket: there is no such bucket"):
            action()


def test_a_data_file_that_is_missing_is_named(tmp_path: Path):
    store = Store(str(tmp_path))
    store.write("links", links(("a", "b")), MADE)
    (lost,) = (tmp_path / "tables" / "links").glob("*.parquet")
    lost.unlink()
    with pytest.raises(StoreError, match=rf"cannot be read: .*{lost.name} is not there"):
        store.read("links")


def test_a_folder_that_vanishes_is_not_begun_anew(tmp_path: Path):
    store = Store(str(tmp_path / "store"))
    store.write("links", links(("a", "b")), MADE)
    (tmp_path / "store").rename(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="vanished"):
        store.write("components", schema("components").empty_table(), MADE)
    assert not (tmp_path / "store").exists()


def test_a_store_that_is_full_says_so_and_can_be_read(small_disk: Path):
    store = Store(str(small_disk / "store"))
    store.write("links", links(("a", "b")), MADE)
    many = links(*[(os.urandom(20).hex(), os.urandom(20).hex()) for _ in range(20_000)])
    with pytest.raises(StoreError, match="No space left on device"):
        store.append("links", many, MADE)
    with pytest.raises(StoreError, match="No space left on device"):
        store.objects.put("x", os.urandom(2_000_000), "bin")
    assert store.read("links").num_rows == 1 and store.version("links") == 0
    with pytest.raises(OSError, match="No space"), (small_disk / "fill").open("wb") as fill:
        while True:
            fill.write(bytes(4096))
    with pytest.raises(StoreError, match="No space left on device"):
        store.check_writable()


def test_a_store_that_is_read_only_is_read_and_says_why_it_is_not_written(small_disk: Path):
    store = Store(str(small_disk / "store"))
    store.write("links", links(("a", "b")), MADE)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert store.read("links").num_rows == 1 and store.version("components") is None
    for action in (
        lambda: store.append("links", links(("a", "c")), MADE),
        lambda: store.write("components", schema("components").empty_table(), MADE),
        lambda: store.objects.put("x", b"1", "bin"),
        store.check_writable,
    ):
        with pytest.raises(StoreError, match="Read-only file system"):
            action()


def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    config = tmp_path / "config"
    config.write_text(text)
    for variable in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_PROFILE", "lab")


def test_a_profile_alone_sets_endpoint_region_and_path_style(tmp_path: Path, monkeypatch):
    text = (
        "[profile lab]\nregion = eu-lab-1\nendpoint_url = https://s3.lab.example\n"
        "aws_access_key_id = a\naws_secret_access_key = b\n"
    )
    profile(tmp_path, monkeypatch, text)
    options = aws().delta_options("bucket")
    assert (aws().style, aws().client.meta.region_name) == ("path", "eu-lab-1")
    assert options["AWS_ENDPOINT_URL"] == "https://s3.lab.example"
    assert (options["AWS_REGION"], options["AWS_ACCESS_KEY_ID"]) == ("eu-lab-1", "a")
    assert (aws().arrow().region, aws().arrow().type_name) == ("eu-lab-1", "s3")
    profile(tmp_path, monkeypatch, text + "s3 =\n  addressing_style = virtual\n")
    assert aws().style == "virtual"
    assert aws().delta_options("bucket")["AWS_ENDPOINT_URL"] == "https://bucket.s3.lab.example"


def test_credentials_that_expire_are_renewed(tmp_path: Path, monkeypatch):
    count = tmp_path / "count"
    count.write_text("0")
    soon = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    answer = {"Version": 1, "SecretAccessKey": "s", "SessionToken": "t", "Expiration": soon}
    script = tmp_path / "renew.py"
    script.write_text(
        f"import json, pathlib\ncount = pathlib.Path({str(count)!r})\n"
        "number = int(count.read_text()) + 1\ncount.write_text(str(number))\n"
        f"print(json.dumps({answer!r} | {{'AccessKeyId': f'key{{number}}'}}))\n"
    )
    process = f"{sys.executable} {script}"
    profile(tmp_path, monkeypatch, f"[profile lab]\ncredential_process = {process}\n")
    keys = [aws().delta_options("b")["AWS_ACCESS_KEY_ID"] for _ in range(3)]
    assert len(set(keys)) == 3, "a session of a minute is renewed at once"
    assert aws().arrow() is not aws().arrow()


def test_no_credentials_and_an_unknown_profile_are_told(tmp_path: Path, monkeypatch):
    profile(tmp_path, monkeypatch, "[profile lab]\nregion = eu-1\n")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(StoreError, match="AWS_ACCESS_KEY_ID"):
        Store("s3://lab/x").version("links")
    with pytest.raises(StoreError, match="credentials"):
        open_files("s3://lab/x").check()
    monkeypatch.setenv("AWS_PROFILE", "other")
    with pytest.raises(StoreError, match="other"):
        open_files("s3://lab/x").check()


@pytest.mark.parametrize("root", ["s3://", "s3:///x", "s3://lab/a#b", "s3://lab/a?b"])
def test_an_address_that_names_no_place_in_a_bucket_is_refused(root: str):
    with pytest.raises(StoreError, match="VSIG_STORE"):
        Store(root)
