"""Opening files: packing by bytes, one pass for hash and encoding, and where a fault lies."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.errors import DataError, FinopsError
from finops.sources.files import content_hash, file_part, head, opened


def test_the_hash_is_of_the_decompressed_bytes(tmp_path: Path) -> None:
    import pyarrow as pa

    plain = b"a,b\n1,2\n" * 5000
    (tmp_path / "x.csv").write_bytes(plain)
    (tmp_path / "x.csv.gz").write_bytes(gzip.compress(plain))
    with pa.CompressedOutputStream(str(tmp_path / "x.csv.zst"), "zstd") as stream:
        stream.write(plain)
    hashes = {content_hash(path) for path in tmp_path.iterdir()}
    assert hashes == {hashlib.sha256(plain).hexdigest()}
    assert all(head(path, 100) == plain[:100] for path in tmp_path.iterdir())


def test_a_name_that_hides_its_packing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(gzip.compress(b"a\n"))
    (tmp_path / "y.csv.gz").write_bytes(b"a,b\n")
    for name, hint in (("x.csv", "x.csv.gz"), ("y.csv.gz", "without .gz")):
        with pytest.raises(DataError) as error:
            content_hash(tmp_path / name)
        assert hint in (error.value.hint or "")


@pytest.mark.parametrize("cut", [-1, -8, -9, -100, 12])
def test_a_gzip_file_cut_short_is_told(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(bytes(i * 7919 % 251 for i in range(20_000)))[:cut])
    with pytest.raises(DataError, match="cut short or damaged"):
        content_hash(path, text=False)


def test_a_zstd_file_cut_short_is_told(tmp_path: Path) -> None:
    import pyarrow as pa

    path = tmp_path / "x.csv.zst"
    with pa.CompressedOutputStream(str(path), "zstd") as stream:
        stream.write(bytes(i * 7919 % 251 for i in range(20_000)))
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(FinopsError):
        content_hash(path, text=False)


@pytest.mark.parametrize(
    ("content", "what", "line"),
    [
        ("a\nZürich\n".encode("latin-1"), "0xFC", 2),
        (b"a\nb\n\0", "NUL byte", 3),
        (b"x" * (1 << 20) + b"\n\n" + b"\xff", "0xFF", 3),
        ("a\nü".encode()[:-1], "half a character", 2),
    ],
)
def test_the_line_of_a_bad_byte_is_named(tmp_path: Path, content: bytes, what: str, line: int) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=what) as error:
        content_hash(path)
    assert (error.value.where or "").endswith(f"line {line}")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_wide_encodings_are_refused(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes("a,b\n".encode(encoding))
    with pytest.raises(DataError):
        content_hash(path)


def test_a_character_may_lie_across_two_reads(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"x" * ((1 << 20) - 1) + "ü\n".encode())
    assert len(content_hash(path)) == 64


def test_a_part_is_named_below_its_root(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    path = tmp_path / "a" / "x.csv"
    path.write_bytes(b"a\n")
    assert file_part(path, tmp_path).name == "a/x.csv"
    assert file_part(path, path).name == "x.csv"
    assert file_part(path, tmp_path / "elsewhere").name == "x.csv"
    assert file_part(path, tmp_path).size == 2


def test_a_device_is_no_file() -> None:
    with pytest.raises(DataError, match="not a regular file"), opened(Path("/dev/null")):
        pass


@given(st.binary(max_size=300))
def test_text_is_accepted_exactly_where_it_is_utf8(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("text") / "x.csv"
    path.write_bytes(content)
    try:
        content.decode()
        fine = b"\0" not in content
    except UnicodeDecodeError:
        fine = False
    if fine and not content.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd")):
        assert content_hash(path) == hashlib.sha256(content).hexdigest()
    else:
        with pytest.raises(FinopsError):
            content_hash(path)
