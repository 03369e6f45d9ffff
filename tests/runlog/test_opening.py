"""Opening: regular files are read, files of one name are written, all else is named."""

import os

import pytest

from koki2.runlog import atomic, BrokenRunError, checkpoint, InputError, opening


@pytest.fixture
def kinds(tmp_path):
    """A path of every kind, by the word for it."""
    (tmp_path / "file").write_text("hello")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/zero")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "nothing").symlink_to("nowhere")
    (tmp_path / "itself").symlink_to("itself")
    return tmp_path


@pytest.mark.parametrize(
    "name, word",
    [
        *(("folder", "a folder"), ("pipe", "a pipe"), ("device", "a device")),
        *(("nothing", "a link to nothing"), ("itself", "a link to nothing")),
    ],
)
def test_only_files_are_read(kinds, name, word):
    with pytest.raises(BrokenRunError, match=f"{name} must be a file, got {word}"):
        opening.to_read(kinds / name)
    with pytest.raises(InputError, match=word):
        opening.read_bytes(kinds / name, limit=9, error=InputError)


def test_a_link_to_a_file_is_read_and_a_long_file_is_not(kinds):
    assert opening.read_bytes(kinds / "link", limit=5) == b"hello"
    with pytest.raises(BrokenRunError, match="at most 4 bytes"):
        opening.read_bytes(kinds / "file", limit=4)
    with pytest.raises(FileNotFoundError):
        opening.to_read(kinds / "missing")


@pytest.mark.parametrize("flags", [os.O_WRONLY | os.O_CREAT, os.O_RDWR, os.O_RDONLY])
@pytest.mark.parametrize("name", ["pipe", "device", "link", "nothing", "folder"])
def test_only_files_are_written(kinds, name, flags):
    with pytest.raises(BrokenRunError, match=f"{name} must be a file to write to"):
        opening.to_write(kinds / name, flags)
    assert not (kinds / "nowhere").exists()


def test_a_file_with_two_names_is_not_written(kinds):
    os.link(kinds / "file", kinds / "other")
    with pytest.raises(BrokenRunError, match="has another name"):
        opening.to_write(kinds / "file", os.O_WRONLY)
    os.unlink(kinds / "other")
    os.close(opening.to_write(kinds / "file", os.O_WRONLY))


def test_of_links_in_a_folder_that_is_removed_what_they_lead_to_stays(kinds):
    tree = kinds / "tree"
    tree.mkdir()
    (kinds / "folder" / "thesis.tex").touch()
    (tree / "inside").symlink_to(kinds / "folder")
    with pytest.raises(BrokenRunError, match="inside must be a file or a folder"):
        opening.check_tree(tree)
    assert atomic.remove_tree(tree) and not tree.exists()
    (kinds / "top").symlink_to(kinds / "folder")
    assert atomic.remove_tree(kinds / "top") and not os.path.lexists(kinds / "top")
    assert (kinds / "folder" / "thesis.tex").exists()


def test_checkpoints_are_neither_kept_nor_looked_for_behind_a_link(kinds):
    (kinds / "checkpoints").symlink_to("folder")
    for act in (checkpoint.load_newest, checkpoint.tidy):
        with pytest.raises(BrokenRunError, match="checkpoints must be a folder"):
            act(kinds / "checkpoints")
    with pytest.raises(BrokenRunError, match="checkpoints must be a folder"):
        checkpoint.save(kinds / "checkpoints", 1, {}, {})
    assert not list((kinds / "folder").iterdir())


def test_a_folder_in_the_place_of_a_file_is_named(kinds):
    with pytest.raises(BrokenRunError, match="folder must be a file to write to"):
        atomic.write_bytes(kinds / "folder", b"hello")
