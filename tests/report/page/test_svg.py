"""Elements, scales and marks of the drawings."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from headstart.records.forecast import AdviceRecord, Similarity, Size
from headstart.records.record import changed
from headstart.report.page import svg
from headstart.report.page.advised import quadrants
from headstart.report.page.matrices import drawn, shade
from headstart.report.page.svg import Look, Scale


def test_texts_are_escaped_and_markup_is_not() -> None:
    inner = svg.text(1, 2, "<b> & c")
    whole = svg.drawing(10, 10, inner, label='a "b"')
    assert "&lt;b&gt; &amp; c" in whole
    ElementTree.fromstring(whole)


def test_attributes_are_named_as_in_markup() -> None:
    assert svg.tag("g", class_="a", aria_label="x", data_x=None) == Markup('<g class="a" aria-label="x"></g>')


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.integers(2, 10))
def test_marks_are_few_round_and_inside(low: float, width: float, most: int) -> None:
    high = low + width
    found = svg.marks(low, high, most)
    assert len(found) <= most
    assert found == sorted(found)
    room = 1e-6 * (abs(low) + width)
    assert all(low - room <= value <= high + room for value in found)


@given(st.floats(1e-3, 1e5), st.floats(1.01, 1e5))
def test_marks_of_a_logarithm_and_of_times_lie_inside(low: float, factor: float) -> None:
    high = low * factor
    for found in (svg.log_marks(low, high), svg.time_marks(low, high)):
        assert 1 <= len(found) <= 7
        assert all(low * 0.999 <= value <= high * 1.001 for value in found)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_a_scale_of_shares_holds_all_and_stays_within_them(shares: list[float]) -> None:
    scale = svg.share_scale(shares, 0, 100)
    assert 0 <= scale.low < scale.high <= 1
    assert all(-1e-6 <= scale(share) <= 100 + 1e-6 for share in shares)


def test_a_logarithmic_scale_puts_the_geometric_mean_in_the_middle() -> None:
    assert Scale(1, 100, 0, 10, log=True)(10) == pytest.approx(5)


@given(st.lists(st.tuples(st.floats(20, 400), st.floats(20, 200)), min_size=1, max_size=6))
def test_names_do_not_cover_each_other(points: list[tuple[float, float]]) -> None:
    taken: list[svg.Box] = []
    for x, y in points:
        svg.label("scratch", x, y, taken, right=440)
    assert len(taken) == len(points)
    if len(points) <= 3:  # with few names there is always a free place
        assert not any(a is not b and svg._meet(a, b) for a in taken for b in taken)


def test_every_sign_is_a_shape_of_its_own() -> None:
    assert {look.sign for look in svg.LOOKS} == set(svg.SIGNS)
    signs = [str(svg.symbol(Look(sign=sign), 0, 0)) for sign in svg.SIGNS]
    assert len(set(signs)) == len(svg.SIGNS)
    for sign in signs:
        ElementTree.fromstring(sign)


def test_a_look_beyond_the_colours_of_the_sheet_begins_again() -> None:
    assert Look(colour=svg.COLOURS + 1).fill == "c1"
    assert Look(colour=svg.COLOURS + 1).stroke == "s1"


def test_thin_lines_have_no_dashes() -> None:
    look = Look(dash="6 3", colour=1)
    assert 'stroke-dasharray="6 3"' in svg.path([(0, 0), (1, 1)], look)
    assert "dasharray" not in svg.path([(0, 0), (1, 1)], look, class_="thin")


def test_an_interval_is_as_wide_as_it_says() -> None:
    bar = svg.interval_bar(0.5, (0.25, 0.75), Scale(0, 1, 0, 100), Look(colour=3))
    assert 'x1="25.00%"' in bar
    assert 'x2="75.00%"' in bar
    assert "span s3" in bar
    assert "sign c3" in bar
    assert svg.interval_bar(None, None, Scale(0, 1, 0, 100), svg.NEUTRAL) == ""


def test_few_mistakes_are_seen() -> None:
    assert [shade(count, 100) for count in (0, 1, 25, 100)] == [0, 1, 3, 6]


def test_a_large_matrix_is_one_path_for_each_shade() -> None:
    import numpy as np

    matrix = np.eye(200, dtype=np.int64) * 5
    matrix[3, 4] = 1
    found = ElementTree.fromstring(drawn(matrix, np.arange(200)))
    assert len(found.findall("path")) == 4  # all right, five of six right, the mistake, the cross of the chosen class


@pytest.mark.parametrize("size", ["large", "small"])
@pytest.mark.parametrize("similarity", ["similar", "dissimilar"])
def test_the_point_stands_in_its_field(size: Size, similarity: Similarity) -> None:
    root = ElementTree.fromstring(quadrants(changed(sample_advice(), size=size, similarity=similarity)))
    circle = root.find(".//g/circle")
    assert circle is not None
    x, y = (float(circle.attrib[key]) for key in ("cx", "cy"))
    assert (x > 220) == (similarity == "dissimilar")
    assert (y < 156) == (size == "large")
    assert math.isfinite(x + y)


def sample_advice() -> AdviceRecord:
    return AdviceRecord(
        strategy="linear", cut="pool", chart="only a head", size="small", similarity="similar", accuracy=0.9,
        interval=(0.85, 0.94), seconds=4.0, expected=(), pictures=450, classes=3, per_class=10.0, enough=1000.0,
        gain=None, gain_interval=None, factor=None, told=0.6, told_error=0.05, linear=0.9, neighbours=0.85, ridge=0.88,
        chance=0.4, learnable=True, text="Use linear.",
    )  # fmt: skip
