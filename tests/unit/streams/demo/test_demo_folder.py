"""The folder of a run: made, emptied and kept from others; and whatever is wrong with it is said in a sentence."""

from pathlib import Path

import pytest

from streams.demo.folder import MARKER, Addresses, DemoError, configure, own_folder
from streams.demo.mail_server import MailServer
from streams.demo.slack_server import SlackServer


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_folder_of_an_earlier_run_is_emptied(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    with own_folder(out):
        (out / "slack").mkdir()
        (out / "slack" / "message.json").touch()
        (out / "index.html").touch()
    with own_folder(out):
        assert names(out) == {MARKER}


def test_what_a_link_in_it_points_to_is_left_alone(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "mine.txt").touch()
    out = tmp_path / "out"
    with own_folder(out):
        (out / "link").symlink_to(kept)
    with own_folder(out):
        assert names(out) == {MARKER}
    assert names(kept) == {"mine.txt"}


def test_a_folder_may_be_a_link_and_the_current_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    monkeypatch.chdir(tmp_path / "real")
    for out in (tmp_path / "link", Path()):
        with own_folder(out):
            assert names(tmp_path / "real") == {MARKER}


def test_a_folder_that_a_run_is_using_is_not_emptied_by_another(tmp_path: Path) -> None:
    with own_folder(tmp_path):
        (tmp_path / "worker.log").touch()
        with pytest.raises(DemoError, match="another demo is using"), own_folder(tmp_path):
            pass
        assert names(tmp_path) == {MARKER, "worker.log"}
        assert (tmp_path / MARKER).read_text() != ""


@pytest.mark.parametrize("path", ["file", "file/below"])
def test_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(DemoError, match=r"cannot be used: .*; name another folder with --out"),
        own_folder(tmp_path / path),
    ):
        pass


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, r"base.yaml cannot be read: .*No such file"),
        ("a: [\n", "base.yaml cannot be read"),
        ("hello\n", "base.yaml is no configuration"),
        ("", "base.yaml is no configuration"),
    ],
)
def test_a_configuration_that_cannot_be_read_is_said_so(tmp_path: Path, text: str | None, said: str) -> None:
    base, out = tmp_path / "base.yaml", tmp_path / "out"
    if text is not None:
        base.write_text(text)
    out.mkdir()
    with pytest.raises(DemoError, match=said):
        configure(base, out, Addresses("127.0.0.1:9", 1, 2, 3), SlackServer(), MailServer())


def test_a_configuration_without_a_slack_section_gets_the_stand_in(tmp_path: Path) -> None:
    base = tmp_path / "base.yaml"
    base.write_text("sources: [{topic: telemetry}]\nchannels: {slack: , email: {sender: notices@example.com}}\n")
    ports = Addresses("127.0.0.1:9", 1, 2, 3)
    settings = configure(base, tmp_path, ports, SlackServer(port=8), MailServer(port=7))
    assert settings.channels.slack is not None
    assert settings.channels.slack.base_url.endswith(":8/api/")
