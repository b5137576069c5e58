"""The report of an ingest as one page for a browser, to check by eye how files were read. It loads nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mretrieve.motion.filmstrip import BONES, Filmstrip
from mretrieve.motion.skeleton import joint
from mretrieve.printable import printable
from mretrieve.storage.snapshot import Snapshot

from .reasons import group_by_reason, quantity
from .report import FileEntry, IngestReport, Outcome
from .rig_survey import RigSurvey, RigUse, by_doubt, stored_rigs

#: More rigs than these are counted and not drawn; more files of one reason are counted and not named.
_DRAWN_RIGS, _NAMED_FILES = 200, 200
#: Pixels per metre of a film strip, and centimetres around it.
_PIXELS_PER_M, _MARGIN_CM = 100, 8


def report_page(report: IngestReport, survey: RigSurvey) -> str:
    """The page of a run as HTML, with the rigs of the files that it read and, from the index, of unchanged ones.

    Raises:
        IndexStateError: the index is damaged.
    """
    uses = survey.uses
    if report.contents.clips:
        read = {entry.path for entry in report.of(Outcome.READ)}
        uses += stored_rigs(Snapshot.open(Path(report.index), report.version), report.settings.reading, read)
    return page(report, by_doubt(uses))


def page(report: IngestReport, uses: Sequence[RigUse]) -> str:
    """The page as HTML: rigs in the order in which they should be checked, refused files by reason, remarks.

    Names are escaped, and the page asks no server for anything.
    """
    sections = {
        "notices": _notices(report),
        "rigs": _rigs(uses),
        "refused": _reasons("Refused", "refused", report.of(Outcome.REFUSED), lambda entry: [entry.reason]),
        "unreadable": _reasons(
            "Formats not yet readable", "unreadable", report.of(Outcome.UNREADABLE), lambda entry: [entry.reason]
        ),
        "repaired": _reasons("Repaired by the reader", "repaired", report.repaired, lambda entry: entry.repairs),
        "remarks": _reasons(
            "Remarks", "remarks", [entry for entry in report.entries if entry.notes], lambda entry: entry.notes
        ),
        "removed": _reasons("Left out", "removed", report.of(Outcome.REMOVED), lambda entry: [entry.reason]),
    }
    filled = {
        "title": _text(", ".join(Path(folder).name for folder in report.folders.values())),
        "folders": "<br>".join(map(_text, report.folders.values())),
        "index": _text(report.index),
        "version": str(report.version),
        "encoder": _text(report.settings.encoder.replace(",", ", ")),
        "figures": _figures(report, uses),
        **sections,
    }
    return _fill_template(filled)


def _fill_template(parts: Mapping[str, str]) -> str:
    """The page with each {{place}} replaced by the part of its name, HTML that is already escaped."""
    template = (files("mretrieve.indexer") / "report_page.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], template)  # once: parts are not searched


def _text(text: str) -> str:
    """Text as HTML, with `commands` set as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(printable(text)))


def _figures(report: IngestReport, uses: Sequence[RigUse]) -> str:
    """The run in numbers, each with a link to its section."""
    doubtful = sum(bool(use.doubts) for use in uses)
    minutes = report.contents.duration_s / 60
    figures = [
        (len(report.of(Outcome.READ)), "file", "read", ""),
        (report.unchanged_files + len(report.of(Outcome.UNCHANGED)), "file", "unchanged", ""),
        (report.contents.clips, "clip", f"in the index, {minutes:.1f} minutes", ""),
        (len(uses), "rig", "", "rigs"),
        (doubtful, "rig", "to check", "doubtful"),
        (len(report.of(Outcome.REFUSED)), "file", "refused", "refused"),
        (len(report.of(Outcome.UNREADABLE)), "file", "not yet readable", "unreadable"),
        (len(report.repaired), "file", "repaired", "repaired"),
        (len(report.of(Outcome.REMOVED)), "file", "left out", "removed"),
        (len(report.of(Outcome.GONE)), "file", "gone", ""),
    ]
    items = []
    for number, noun, outcome, section in figures:
        if number or outcome == "read":
            text = f"<b>{number}</b> {noun}{'' if number == 1 else 's'} {outcome}".rstrip()
            items.append(f'<li><a href="#{section}">{text}</a></li>' if section else f"<li>{text}</li>")
    return "\n".join(items)


def _notices(report: IngestReport) -> str:
    lines = list(report.warnings)
    if report.interrupted:
        lines.insert(0, f"The run was interrupted with {quantity(report.unread_files, 'file')} left.")
    if not report.of(Outcome.READ):
        lines.append("No file was new or changed, so none was read.")
    return "\n".join(f'<p class="notice">{_text(line)}</p>' for line in lines)


def _rigs(uses: Sequence[RigUse]) -> str:
    """The cards of all rigs: those to check, then the others."""
    drawn = uses[:_DRAWN_RIGS]
    parts = []
    for title, anchor, is_doubtful in (("Rigs to check", "doubtful", True), ("Rigs", "clear", False)):
        if cards := [_card(use) for use in drawn if bool(use.doubts) == is_doubtful]:
            parts += [f'<section id="{anchor}">', f"<h2>{title}</h2>", *cards, "</section>"]
    if len(uses) > len(drawn):
        parts.append(f"<p>{quantity(len(uses) - len(drawn), 'more rig')}, less doubtful than these.</p>")
    return "\n".join(parts)


def _card(use: RigUse) -> str:
    """One rig: its film strip, its map, and what its clips were taken for."""
    doubts = f'<p class="doubts">Check: {_text("; ".join(use.doubts))}</p>' if use.doubts else ""
    kind = "rig doubtful" if use.doubts else "rig"
    heading = f"{_text(use.origin)} <small>confidence {use.confidence:.2f}, {quantity(use.clips, 'clip')}</small>"
    return "\n".join(
        [
            f'<article class="{kind}">',
            f"<h3>{heading}</h3>",
            doubts,
            '<div class="columns">',
            f"<div>{_figure(use)}{_facts(use)}</div>",
            _map(use),
            "</div>",
            "</article>",
        ]
    )


def _figure(use: RigUse) -> str:
    assert use.strip is not None
    return f"<figure>{_drawing(use.strip)}<figcaption>{_text(use.example)}</figcaption></figure>"


def _drawing(strip: Filmstrip) -> str:
    """A film strip as SVG, in centimetres: a row of poses from the front above one from the side."""
    pitch, (low, high) = round(strip.pitch_m * 100), strip.extent_m
    above, below = round(high * 100) + 14, round(-low * 100) + _MARGIN_CM
    row, width = above + below, pitch * len(strip.times_s)
    height = 2 * row + 14
    drawn = [
        f'<svg viewBox="0 0 {width} {height}" width="{width * _PIXELS_PER_M // 100}" role="img" '
        'aria-label="Poses from the front, and the same from the side">'
    ]
    for number, (name, poses) in enumerate(strip.views.items()):
        floor = number * row + above
        drawn.append(f'<path class="floor" d="M0 {floor}H{width}"/>')
        drawn.append(f'<text x="3" y="{number * row + 14}">{name}</text>')
        for at, pose in enumerate(poses):
            drawn.append(f'<g transform="translate({pitch // 2 + pitch * at} {floor})">{_body(pose, strip.seen)}</g>')
    for at, time_s in enumerate(strip.times_s):
        drawn.append(f'<text x="{pitch // 2 + pitch * at}" y="{height - 2}" text-anchor="middle">{time_s:.2f} s</text>')
    return "\n".join([*drawn, "</svg>"])


def _body(pose: NDArray[np.floating], seen: NDArray[np.bool_]) -> str:
    """One pose (22, 2): a line for each bone, dashed if its joint is filled in."""
    x, y = np.rint(pose[:, 0] * 100).astype(int).tolist(), np.rint(-pose[:, 1] * 100).astype(int).tolist()
    drawn = []
    for side, bones in BONES.items():
        for kind, is_seen in ((f"{side} filled", False), (side, True)):
            lines = "".join(f"M{x[a]} {y[a]}L{x[b]} {y[b]}" for a, b in bones if seen[b] == is_seen)
            if lines:
                drawn.append(f'<path class="{kind}" d="{lines}"/>')
    head = joint("head")
    return "".join([*drawn, f'<circle cx="{x[head]}" cy="{y[head]}" r="8"/>'])


def _map(use: RigUse) -> str:
    """The rig's joints by canonical joint, left and right side by side."""
    if not use.rows:
        return '<p class="map">The map is not stored in the index, and the file of the example cannot be read now.</p>'
    names = [name for _, name, _ in use.rows if name != "-"]
    prefix = _common_prefix(names)
    rows = []
    for part, joints in use.by_part.items():
        span = ' colspan="2"' if len(joints) == 1 else ""
        cells = "".join(f"<td{span}>{_joint(name.removeprefix(prefix))}</td>" for name in joints)
        rows.append(f'<tr><th scope="row">{part}</th>{cells}</tr>')
    about = [] if use.joint_count is None else [f"The rig has {quantity(use.joint_count, 'joint')}."]
    about += [f"All these names begin with {prefix}"] if prefix else []
    head = '<thead><tr><td></td><th scope="col" class="left">left</th><th scope="col">right</th></tr></thead>'
    return f'<table class="map"><caption>{_text(" ".join(about))}</caption>{head}<tbody>{"".join(rows)}</tbody></table>'


def _common_prefix(names: Sequence[str]) -> str:
    """A tool's prefix of all names, up to a sign: `mixamorig:`; "" if there is none."""
    found = re.match(r".*[\W_]", names[0]) if len(names) > 1 else None
    return found[0] if found and all(name.startswith(found[0]) for name in names) else ""


def _joint(name: str) -> str:
    return '<i class="filled">filled in</i>' if name == "-" else _text(name)


def _facts(use: RigUse) -> str:
    rows = [f"<dt>{title}</dt><dd>{'<br>'.join(map(_text, lines))}</dd>" for title, lines in use.facts.items()]
    return f"<dl>{''.join(rows)}</dl>"


def _reasons(
    title: str, anchor: str, entries: Sequence[FileEntry], reasons: Callable[[FileEntry], Iterable[str]]
) -> str:
    """Files by reason, a list of names in each."""
    if not entries:
        return ""
    groups = []
    for group in group_by_reason(entries, reasons):
        names = [f"<li>{_text(path)}</li>" for path in group.paths[:_NAMED_FILES]]
        if len(group.paths) > _NAMED_FILES:
            names.append(f"<li>and {len(group.paths) - _NAMED_FILES} more; the index's folder reports lists them</li>")
        groups.append(
            f"<details{' open' if len(names) <= 3 else ''}><summary><b>{quantity(len(group.paths), 'file')}</b> "
            f"{_text(group.reason)}</summary><ul>{''.join(names)}</ul></details>"
        )
    return "\n".join([f'<section id="{anchor}">', f"<h2>{title}</h2>", *groups, "</section>"])
