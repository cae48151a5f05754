"""Cells that a spreadsheet opens."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from headstart.base.cells import as_meant, harmless, harmless_path

SIGNS = "=+-@\t\r\n＝＋－＠"


@given(st.one_of(st.text(), st.text("'" + SIGNS + "a", max_size=5)))
def test_no_cell_is_a_formula_and_each_comes_back(text: str) -> None:
    for cell in (harmless(text), harmless_path(text)):
        assert not cell.startswith(tuple(SIGNS))
    assert as_meant(harmless(text)) == text


@given(st.text(SIGNS + "a.", min_size=1, max_size=5))
def test_a_path_leads_to_the_same_file(path: str) -> None:
    assert Path(harmless_path(path)) == Path(path)


def test_an_ordinary_cell_stays_as_it_is() -> None:
    for text in ("ants", "'n ezel", "", "new/=1.jpg", "a-b"):
        assert harmless(text) == harmless_path(text) == as_meant(text) == text
