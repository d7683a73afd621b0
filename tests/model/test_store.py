"""Which versions there are, which is in use, and the way back."""

from __future__ import annotations

from pathlib import Path

import pytest

from capture import paths
from capture.errors import LidarliveError
from model import store


def make_version(name: str) -> Path:
    folder = paths.weights_folder() / name
    folder.mkdir(parents=True)
    for file in ("config.json", "pair.xml", "pair.bin"):
        (folder / file).write_text("{}")
    return folder


@pytest.fixture
def starter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A package whose starter is a folder of this test."""
    folder = tmp_path / "package" / "starter"
    folder.mkdir(parents=True)
    for file in ("config.json", "pair.xml", "pair.bin"):
        (folder / file).write_text("{}")
    monkeypatch.setattr(store.resources, "files", lambda package: folder.parent)
    return folder


@pytest.fixture
def no_starter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(store.resources, "files", lambda package: tmp_path / "no package")


def test_home_is_where_the_environment_says_else_below_the_persons_home(
    monkeypatch: pytest.MonkeyPatch, own_home: Path
):
    assert paths.weights_folder() == own_home / "weights"
    monkeypatch.delenv("LIDARLIVE_HOME")
    assert paths.home() == Path.home() / "lidarlive"


def test_the_starter_is_in_use_until_another_is_chosen(starter: Path):
    assert store.active() == starter
    version = make_version("2026-01-01T00-00-00Z")
    assert store.active() == starter
    assert store.versions() == [starter, version]
    assert store.use(version.name) == version
    assert store.active() == version
    assert store.use("starter") == starter
    assert store.active() == starter


@pytest.mark.usefixtures("no_starter")
def test_without_a_starter_nothing_is_in_use():
    assert store.versions() == []
    assert store.active() is None
    with pytest.raises(LidarliveError, match=r"no weights version v.*lidarlive train"):
        store.use("v")
    with pytest.raises(LidarliveError, match="there are no weights yet: train some"):
        store.named_or_active(None)


def test_a_version_is_named_or_the_one_in_use(starter: Path):
    version = make_version("a")
    assert store.named_or_active(None) == starter
    assert store.named_or_active("a") == version
    with pytest.raises(LidarliveError, match="no weights version nobody"):
        store.named_or_active("nobody")


def test_rollback_goes_back_step_by_step(starter: Path):
    a, b = make_version("a"), make_version("b")
    store.use("a")
    store.use(b)
    store.use("b")  # choosing it again is no step
    assert store.rollback() == a
    assert store.rollback() == starter
    with pytest.raises(LidarliveError, match="no earlier version"):
        store.rollback()
    assert store.active() == starter


def test_rollback_skips_versions_that_are_gone(starter: Path):
    a = make_version("a")
    make_version("b")
    store.use("a")
    store.use("b")
    (a / "config.json").unlink()
    assert store.rollback() == starter


def test_folders_that_are_no_versions_are_not_listed(starter: Path):
    (paths.weights_folder() / "notes").mkdir(parents=True)
    (paths.weights_folder() / "file").touch()
    make_version(".training-x")
    assert store.versions() == [starter]


def test_a_version_elsewhere_can_be_found_but_not_put_in_use(starter: Path, tmp_path: Path):
    elsewhere = tmp_path / "elsewhere"
    make_version("a").rename(elsewhere)
    assert store.find(elsewhere) == elsewhere
    with pytest.raises(LidarliveError, match="only versions there"):
        store.use(elsewhere)


def test_a_chosen_version_that_is_gone_is_said_so(starter: Path):
    version = make_version("a")
    store.use("a")
    (version / "pair.bin").unlink()
    with pytest.raises(LidarliveError, match=r"no weights version a\. Versions: starter"):
        store.active()
    store.use("starter")
    assert store.active() == starter


@pytest.mark.parametrize("text", ["", "[]", '{"active": "a"}', '{"active": "a", "before": 3}'])
def test_a_torn_choice_is_one_clear_error(starter: Path, text: str):
    make_version("a")
    (paths.weights_folder() / "active.json").write_text(text)
    with pytest.raises(LidarliveError, match=r"active\.json cannot be read.*Delete it"):
        store.active()


def test_a_new_versions_folder_is_new(starter: Path):
    first = store.new_version_folder("my desk")
    assert first.parent == paths.weights_folder()
    assert first.name.endswith("_my-desk")
    assert not first.exists()
    first.mkdir(parents=True)
    assert store.new_version_folder("my desk") != first
