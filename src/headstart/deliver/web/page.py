"""The page, put together and written: HTML that holds its style, its scripts, the engine and the classifier.

Its policy (Content-Security-Policy) names its script and its style by their checksums and allows nothing else: the page
that stands alone cannot ask the network, whatever a name or a picture says.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

from headstart.base.errors import BundleError
from headstart.base.files import write_bytes
from headstart.base.ours import ANSWERING
from headstart.base.pages import colours, json_in_page
from headstart.base.seals import sealed
from headstart.base.signs import clean
from headstart.base.version import __version__
from headstart.bundle import Classifier
from headstart.deliver.web.checks import checks_of
from headstart.deliver.web.engine import Engine, engine
from headstart.deliver.web.facts import About, Check, PageData, setup_for
from headstart.records.codec import plain
from headstart.records.preprocessing import RULES, Preprocessing
from headstart.records.progress import Progress, Silent
from headstart.words.reading import not_said_of, of_one_picture

_ROOM = files("headstart.deliver.web").joinpath("page")
_FEW, _SHORT = 4, 44  # classes, and letters, that make a heading
_SIXTEEN = "This picture has 16 bits a channel; the browser has read the upper 8 of them."


def check_rule(preprocessing: Preprocessing) -> None:
    """Raise BundleError if a classifier reads pictures by rules that no browser follows."""
    if preprocessing.decoding.rule == 1:
        raise BundleError(
            "A web page cannot read pictures by the rules of this classifier, which was made with an older headstart.",
            hint="Make it again: headstart fit, or headstart compare in a new run folder.",
        )


def _notes_of(preprocessing: Preprocessing) -> dict[str, str]:
    told = of_one_picture(white=preprocessing.decoding.white)
    told.pop(not_said_of(preprocessing.framing), None)
    return {**told, "sixteen": _SIXTEEN}


def write_page(
    place: Path,
    *,
    graph: bytes,
    classifier: Classifier,
    name: str,
    known: About | None = None,
    progress: Progress | None = None,
) -> Path:
    """Write a page with the classifier inside, durably; it works from a double click, without a network.

    Parameters
    ----------
    place : Path
        Where; claimed already.
    graph : bytes
        The squares graph, ONNX: the page frames pictures by itself, so that it sees the very squares that Python sees.
    classifier : Classifier
        The same in Python: what it answers for a few drawings stands in the page, which compares.
    name : str
        What people call the classifier.
    known : About, optional
        What else is told of it.
    progress : Progress, optional
        A listener.

    Raises
    ------
    DependencyError
        If the engine is not in this installation.
    BundleError
        If the classifier reads pictures by rules that no browser follows.
    StoreError
        If the file cannot be written.
    """
    check_rule(classifier.preprocessing)
    listener = progress or Silent()
    found = engine()
    with listener.step("web page", 3, "steps") as step:
        checks = checks_of(classifier)
        step.advance()
        page = page_alone(graph, classifier, found, checks=checks, name=name, known=known or About())
        step.advance()
        write_bytes(place, sealed(page.encode("utf-8")))
        step.advance()
    return place


def page_alone(
    graph: bytes, classifier: Classifier, found: Engine, *, checks: Sequence[Check], name: str, known: About
) -> str:
    """Return the page that answers by itself."""
    data = PageData(
        classes=classifier.classes,
        setup=setup_for(classifier.preprocessing),
        checks=tuple(checks),
        notes=_notes_of(classifier.preprocessing),
    )
    parts = {
        "framing": _text("framing.js"),
        "reading": _text("reading.js"),
        "answering": _text("answering.js"),
        "engine": _packed(found.script.encode("utf-8")),
        "wasm": base64.b64encode(found.core).decode("ascii"),
        "graph": _packed(_planes(graph)),
    }
    return _filled(
        data,
        title=name,
        heading=_heading(classifier.classes, name),
        lead=f"This page knows {len(classifier.classes):,} classes and answers on this device. No picture leaves it: "
        "the page holds all that it needs and cannot ask the network.",
        kinds="JPEG, PNG, WebP, BMP or AVIF, one or many.",
        scripts=("alone.js", "page.js"),
        policy="script-src 'wasm-unsafe-eval' {script}; worker-src blob:; img-src blob: data:",
        parts="\n".join(f'<script type="text/plain" id="{key}">{text}</script>' for key, text in parts.items()),
        about=_about_alone(classifier.classes, known, found),
    )


def page_served() -> str:
    """Return the page that asks the server from which it comes; what differs it learns there."""
    return _filled(
        PageData(notes=of_one_picture(white=RULES.white)),
        title="headstart",
        heading="headstart",
        lead="Pictures that you give here are sent to this server, which answers and keeps none of them.",
        kinds="One or many. The list below is kept in this window only, until it is closed or loaded again.",
        scripts=("served.js", "page.js"),
        policy="script-src {script}; connect-src 'self'; img-src blob: data:",
        extra=_text("served.html"),
        about=_text("calling.html"),
    )


def _filled(
    data: PageData,
    *,
    title: str,
    heading: str,
    lead: str,
    kinds: str,
    scripts: Sequence[str],
    policy: str,
    parts: str = "",
    extra: str = "",
    about: str = "",
) -> str:
    """Return the template with everything in its place."""
    style, script = colours() + _text("page.css"), "".join(map(_text, scripts))
    rules = policy.format(script=_checksum(script))
    return Template(_text("page.html")).substitute(
        policy=f"default-src 'none'; {rules}; style-src {_checksum(style)}; base-uri 'none'; form-action 'none'",
        generator=f"{ANSWERING}, {__version__}",
        title=escape(clean(title)),
        heading=escape(clean(heading)),
        lead=lead,
        kinds=kinds,
        style=style,
        script=script,
        # Names stay what they are: in ASCII nothing of them steers or turns, and the script shows them cleaned.
        data=json_in_page(json.dumps(plain(data), separators=(",", ":"))),
        parts=parts,
        extra=extra,
        about=about,
        footer=f"Made by headstart {__version__}.",
    )


def _heading(classes: Sequence[str], name: str) -> str:
    """Return the classes where they are few and short, else what the classifier is called."""
    asked = " or ".join([part for part in (", ".join(classes[:-1]), classes[-1]) if part])
    return f"{asked}?" if len(classes) <= _FEW and len(asked) <= _SHORT else name


def _about_alone(classes: Sequence[str], known: About, found: Engine) -> str:
    """Return the section that tells where the classifier comes from, what it cannot do, and whose the parts are."""
    facts = {
        "How it was made": known.made,
        "How accurate it is": known.measured,
        "How it was proven": known.proven,
        "Licence of its weights": known.licence,
        "Fingerprint": known.fingerprint,
    }
    rows = "".join(f"<dt>{key}</dt><dd>{escape(clean(value))}</dd>" for key, value in facts.items() if value)
    names = "".join(f'<li><bdi dir="auto">{escape(clean(name))}</bdi></li>' for name in classes)
    notice = Template(_text("notice.txt")).substitute(version=found.version)
    return Template(_text("about.html")).substitute(
        facts=f"<dl>{rows}</dl>" if rows else "", count=f"{len(classes):,}", names=names, notice=escape(notice)
    )


def _text(name: str) -> str:
    return _ROOM.joinpath(name).read_text(encoding="utf-8")


def _packed(content: bytes) -> str:
    """Return content compressed, in base64; equal content gives equal text."""
    return base64.b64encode(gzip.compress(content, 9, mtime=0)).decode("ascii")


def _planes(content: bytes) -> bytes:
    """Return every fourth byte, then those after them, and so on: floats are packed a tenth smaller so."""
    return b"".join(content[place::4] for place in range(4))


def _checksum(text: str) -> str:
    """Return the checksum by which a policy allows an element."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}'"
