"""`mretrieve index --html`: the page on which a wrong rig map is seen."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.html_pages import Elements, opened_in_browser

from mretrieve.cli import main
from mretrieve.indexer import RigSurvey, build_index, report_page

WriteMotion = Callable[..., Path]
HOSTILE = "</details><script>alert(1)<!-- {{rigs}} `rm` \"'& \x1b[2J \u202e.bvh".replace("/", "\\")


@pytest.fixture
def page(repository: Path, index: Path) -> Callable[..., str]:
    """Indexes the repository and makes the page of the run."""

    def make(**options: object) -> str:
        survey = RigSurvey()
        return report_page(build_index(repository, index, jobs=1, rigs=survey, **options), survey)

    return make


Page = Callable[..., str]


def _renamed(path: Path, **names: str) -> None:
    """Give joints of a motion file other names."""
    text = path.read_text()
    for old, new in names.items():
        text = re.sub(rf"\b{old}\b", new, text)
    path.write_text(text)


def _cards(text: str) -> list[str]:
    return re.findall(r"<article.*?</article>", text, re.DOTALL)


def test_each_rig_has_a_card_with_its_poses_its_map_and_what_it_was_taken_for(page: Page, write_motion: WriteMotion):
    for seed, name in enumerate(("a.bvh", "b.bvh", "c.bvh")):
        write_motion(name, seed=seed, fps=60 if name == "c.bvh" else 30)
    (card,) = _cards(page())
    assert len(re.findall("<g transform", card)) == 12  # six poses from two sides
    assert len(re.findall(r'class="floor"', card)) == 2
    assert '<tr><th scope="row">knee</th><td>LeftLeg</td><td>RightLeg</td></tr>' in card
    assert "confidence 1.00, 3 clips" in card
    assert "30 fps (2 clips), 60 fps (1 clip)" in card
    assert "if the file is in centimetres, the body is about 1." in card
    assert "Y up, right-handed in the file; not turned" in card
    assert "a.bvh, b.bvh, c.bvh" in card


def test_the_rig_that_is_read_least_surely_comes_first(page: Page, write_motion: WriteMotion):
    write_motion("clear.bvh")
    doubtful = write_motion("doubtful.bvh", seed=1)
    numbers = count()
    doubtful.write_text(re.sub(r"(ROOT|JOINT) \S+", lambda line: f"{line[1]} n{next(numbers)}", doubtful.read_text()))
    text = page()
    first, second = _cards(text)
    assert "doubtful.bvh" in first and 'class="rig doubtful"' in first and "Check: " in first
    assert "clear.bvh" in second and "Check: " not in second
    assert text.index('id="doubtful"') < text.index('id="clear"')
    assert '<a href="#doubtful"><b>1</b> rig to check</a>' in text


def test_joints_that_the_rig_lacks_are_marked_in_map_and_picture(page: Page, write_motion: WriteMotion):
    path = write_motion("no_toes.bvh")
    _renamed(path, LeftToe="Prop1", RightToe="Prop2")
    (card,) = _cards(page())
    assert '<tr><th scope="row">foot</th><td><i class="filled">filled in</i></td>' in card
    assert 'class="left filled"' in card and 'class="right filled"' in card


def test_a_prefix_of_all_joints_is_named_once(page: Page, write_motion: WriteMotion, repository: Path):
    path = write_motion("prefixed.bvh")
    path.write_text(re.sub(r"(ROOT|JOINT) ", r"\1 mixamorig:", path.read_text()))
    (card,) = _cards(page())
    assert "<td>LeftLeg</td>" in card
    assert "All these names begin with mixamorig:" in card


def test_refused_files_stand_together_by_reason_with_what_to_do(
    page: Page, write_motion: WriteMotion, repository: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("mretrieve.formats.reader.find_spec", lambda name: None)  # no library for FBX is installed
    write_motion("good.bvh")
    for number in range(5):
        (repository / f"empty{number}.bvh").write_text("")
    (repository / "broken.bvh").write_text("HIERARCHY\nROOT Hips\n{\n  OFFSET 1 2\n")
    (repository / "take.fbx").write_bytes(b"Kaydara FBX Binary  \0")
    text = page()
    refused = re.search(r'<section id="refused">(.*?)</section>', text, re.DOTALL)
    assert refused is not None
    groups = re.findall(r"<summary><b>(.*?)</b> (.*?)</summary>", refused[1])
    assert [files for files, _ in groups] == ["5 files", "1 file"]
    assert "the file is empty" in groups[0][1] and groups[1][1].startswith("line 2: ")
    assert '<section id="unreadable">' in text and "needs ufbx" in text


def test_a_run_that_reads_nothing_says_so_and_shows_the_rigs_of_the_index(page: Page, write_motion: WriteMotion):
    write_motion("a.bvh", seconds=2)
    (before,) = _cards(page())
    text = page()
    assert "No file was new or changed, so none was read." in text
    (card,) = _cards(text)
    assert re.search("<svg.*?</svg>", card, re.DOTALL)[0] == re.search("<svg.*?</svg>", before, re.DOTALL)[0]
    assert "<td>LeftLeg</td>" in card and "the files are unchanged" in card


def test_a_rig_of_the_index_whose_file_is_gone_keeps_its_picture(
    write_motion: WriteMotion, repository: Path, index: Path, tmp_path: Path
):
    path = write_motion("a.bvh")
    build_index(repository, index, jobs=1)
    report = build_index(repository, index, jobs=1)
    path.unlink()
    (card,) = _cards(report_page(report, RigSurvey()))
    assert "<svg" in card and "cannot be read now" in card


def test_an_index_without_clips_has_a_page_too(page: Page, repository: Path):
    (repository / "empty.bvh").write_text("")
    text = page()
    assert not _cards(text) and '<section id="refused">' in text


def test_the_same_folder_gives_the_same_bytes(page: Page, write_motion: WriteMotion, index: Path):
    import shutil

    write_motion("a.bvh")
    _renamed(write_motion("b.bvh", seed=1), LeftHand="Thing", RightHand="Stuff")
    first = page()
    shutil.rmtree(index)
    assert page() == first


def test_the_page_does_not_depend_on_the_number_of_processes(
    write_motion: WriteMotion, repository: Path, index: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr("mretrieve.indexer.build.ALONE_BELOW_BYTES", 0)
    monkeypatch.setattr("mretrieve.indexer.build.PIECE_FILES", 1)
    for seed in range(4):
        write_motion(f"{seed}.bvh", seed=seed, seconds=0.5 + seed / 2)
    texts = []
    for jobs in (1, 2):
        survey = RigSurvey()
        report = build_index(repository, index, jobs=jobs, rebuild=True, rigs=survey)
        texts.append(report_page(report, survey).replace(f"Version {report.version} ", ""))
    assert texts[0] == texts[1]
    assert "<figcaption>1.bvh</figcaption>" in texts[0]  # the first of a second or more


def test_names_are_text_and_nothing_else(page: Page, write_motion: WriteMotion, repository: Path, index: Path):
    write_motion("plain.bvh")
    plain = Elements(page())
    text = (repository / "plain.bvh").read_text()
    (repository / "plain.bvh").unlink()
    (repository / HOSTILE).write_text(re.sub(r"(ROOT|JOINT) ", r"\1 </table><b>:", text))
    text = page(rebuild=True)
    hostile = Elements(text)
    assert [name for name in hostile.names if name != "code"] == plain.names
    assert [name for name, _ in hostile.attributes] == [name for name, _ in plain.attributes]
    assert "&lt;script&gt;" in text and "\\x1b[2J \\u202e" in text and "{{rigs}}" in text


def test_names_of_every_language_stand_as_they_are(page: Page, write_motion: WriteMotion):
    write_motion("Größe/歩く_Müller.bvh")
    assert "Größe/歩く_Müller.bvh" in page()


def test_the_page_opens_offline_and_its_console_is_empty(
    page: Page, write_motion: WriteMotion, repository: Path, tmp_path: Path
):
    write_motion(HOSTILE)
    write_motion("歩く.bvh", seed=2)
    (repository / "empty.bvh").write_text("")
    path = tmp_path / "report.html"
    path.write_text(page(), encoding="utf-8")
    elements = Elements(path.read_text(encoding="utf-8"))
    assert not {"script", "img", "iframe", "object", "embed", "base"} & set(elements.names)
    assert not {"src", "srcset", "xlink:href", "action"} & {name for name, _ in elements.attributes}
    assert {value for name, value in elements.attributes if name == "href"} <= {"data:,", "#rigs", "#refused"}
    assert any(value and "default-src 'none'" in value for _, value in elements.attributes)
    dom, console = opened_in_browser(path)
    assert console == []
    assert dom.count("<article") == 1 and "歩く.bvh" in dom


def _command(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_the_command_writes_the_page_and_overwrites_it_only_by_force(
    repository: Path, index: Path, write_motion: WriteMotion, tmp_path: Path
):
    write_motion("a.bvh")
    html = tmp_path / "report.html"
    result = _command("index", repository, "--index", index, "--html", html)
    assert result.exit_code == 0 and f"Wrote {html}" in result.stderr
    assert html.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    html.write_text("mine")
    again = _command("index", repository, "--index", index, "--html", html)
    assert again.exit_code != 0 and html.read_text() == "mine"
    assert _command("index", repository, "--index", index, "--html", html, "--force").exit_code == 0
    assert html.read_text() != "mine"


def test_an_existing_page_is_refused_before_anything_is_read(
    repository: Path, index: Path, write_motion: WriteMotion, tmp_path: Path
):
    write_motion("a.bvh")
    assert _command("index", repository, "--index", index, "--html", tmp_path / "no" / "report.html").exit_code != 0
    assert not index.exists()
