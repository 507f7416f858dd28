from pathlib import Path

import pytest

from domain.errors import StateError
from streams.snapshots import DirectorySnapshots, Snapshot, pack, unpack

STATE = Snapshot(
    {"telemetry": 42}, {"levels": [0.1, 1e300, -0.0], "names": ["a", "ü"], "raw": b"\x00\xff", "none": None}
)


def test_a_snapshot_comes_back_as_it_was() -> None:
    assert unpack("detect/0", pack("detect/0", STATE)) == STATE


@pytest.mark.parametrize("position", [3, 20, 40, -1])
def test_a_changed_byte_is_noticed(position: int) -> None:
    data = bytearray(pack("detect/0", STATE))
    data[position] ^= 0xFF
    with pytest.raises(StateError, match="damaged"):
        unpack("detect/0", bytes(data))


def test_a_snapshot_of_another_release_is_refused_with_a_remedy() -> None:
    with pytest.raises(StateError, match="another release; remove it"):
        unpack("detect/0", b"FS9" + pack("detect/0", STATE)[3:])


def test_a_snapshot_under_the_wrong_name_is_refused() -> None:
    with pytest.raises(StateError, match="detect/1"):
        unpack("detect/0", pack("detect/1", STATE))


async def test_a_directory_keeps_the_newest_snapshot_of_each_name(tmp_path: Path) -> None:
    store = DirectorySnapshots(tmp_path / "state")
    assert await store.load("detect/0") is None
    await store.save("detect/0", Snapshot({"a": 1}, 1))
    await store.save("detect/0", STATE)
    await store.save("rekey/../../etc/0", Snapshot({"b": 2}, None))
    again = DirectorySnapshots(tmp_path / "state")
    assert await again.load("detect/0") == STATE
    assert await again.load("rekey/../../etc/0") == Snapshot({"b": 2}, None)
    assert _files_under(tmp_path) == {tmp_path / "state"}


def _files_under(folder: Path) -> set[Path]:
    return {path.parent for path in folder.rglob("*") if path.is_file()}
