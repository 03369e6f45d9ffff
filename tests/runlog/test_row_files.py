"""Rows: whole lines or none, in the order of their keys, cut exactly where asked."""

import hashlib
import math

import pytest

from koki2.runlog import BrokenRunError, InputError
from koki2.runlog.rows import read, RowWriter


@pytest.fixture
def path(tmp_path):
    return tmp_path / "generations.jsonl"


def test_rows_come_back_in_order_with_all_their_bits(path):
    rows = [{"b": 0.1 + 0.2, "a": None}, {"b": math.inf, "a": [1, "x"]}]
    with RowWriter(path) as writer:
        writer.append(rows)
        writer.append([])
        writer.append([{"c": True}])
        assert writer.offset == path.stat().st_size
        assert writer.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert list(read(path)) == rows + [{"c": True}]
    assert path.read_text().startswith('{"b":0.30000000000000004,"a":null}\n')


def test_a_torn_last_row_is_no_row_to_reader_and_writer(path):
    path.write_text('{"a":1}\n{"a":2}')
    assert list(read(path)) == [{"a": 1}]
    with RowWriter(path) as writer:
        writer.append([{"a": 3}])
    assert path.read_text() == '{"a":1}\n{"a":3}\n'


@pytest.mark.parametrize("line", ['{"a":', "", "[1]", '{"a":NaN}', "\0\0\0"])
def test_a_broken_row_anywhere_else_is_named_by_file_and_line(path, line):
    path.write_text(f'{{"a":1}}\n{line}\n{{"a":3}}\n')
    rows = read(path)
    assert next(rows) == {"a": 1}
    with pytest.raises(BrokenRunError, match="generations.jsonl, line 2, should be"):
        next(rows)


def test_going_on_from_an_offset_gives_the_file_that_was_never_cut(path):
    with RowWriter(path) as writer:
        writer.append([{"a": 1}])
        offset, sha256 = writer.offset, writer.sha256
        writer.append([{"a": 2}, {"a": 3}])
    whole = path.read_bytes()
    with RowWriter(path, offset=offset) as writer:
        assert writer.sha256 == sha256 and path.stat().st_size == offset
        writer.append([{"a": 2}, {"a": 3}])
        assert writer.sha256 == hashlib.sha256(whole).hexdigest()
    assert path.read_bytes() == whole


def test_a_file_that_lost_acknowledged_rows_is_broken_and_left_alone(path):
    path.write_text('{"a":1}\n')
    with pytest.raises(BrokenRunError, match="hold the 100 bytes .* has 8"):
        RowWriter(path, offset=100)
    assert path.read_text() == '{"a":1}\n'


def test_one_bad_row_keeps_its_whole_batch_out(path):
    with RowWriter(path) as writer:
        with pytest.raises(InputError, match=r"row 1 of the batch\.a must be a plain"):
            writer.append([{"a": 1}, {"a": object()}])
    assert path.read_bytes() == b""


def test_a_closed_writer_takes_nothing(path):
    writer = RowWriter(path)
    writer.close()
    with pytest.raises(OSError, match="was closed"):
        writer.append([{"a": 1}])
