"""Shares of inactive units for the terminal and for report.md."""

from __future__ import annotations

from report.counted import sample_activity
from report.sample import sample_results

from headstart.records.activity import ActivityRecord, Mean
from headstart.records.record import changed
from headstart.report.active import activity, activity_lines, what_is_counted


def with_depth(found: ActivityRecord, place: int, **of_last_layer: object) -> ActivityRecord:
    """Return the entry with other values of the last layer of one network."""
    depths = list(found.depths)
    *before, last = depths[place].layers
    depths[place] = changed(depths[place], layers=(*before, changed(last, **of_last_layer)))
    return changed(found, depths=tuple(depths))


def test_the_terminal_shows_every_network_and_the_answer() -> None:
    lines = activity_lines(sample_activity(), width=80)
    text = "\n".join(line.text for line in lines)
    assert "partial@layer4               1    82.0 %  81.0 to 83.0   -8.0 (-10.0, -6.0)" in text
    assert "1 of 4     9 of 36" in text
    assert [line.text for line in lines if line.role == "winner"] == ["Yes: the share falls."]
    assert "partial@layer3: further training did not help, so the frozen network with a new head was counted." in (
        text.replace("\n  ", " ")
    )


def test_markdown_has_every_stage() -> None:
    results = sample_results()
    lines = activity(changed(results, activity=sample_activity()))
    assert "| partial@layer4 | 50.0 % | 82.0 % |" in lines
    assert lines[0].startswith("Yes: the share falls. Counted after the last ReLU6 of layer4")
    assert activity(results) == []


def test_what_is_inactive_is_said() -> None:
    found = sample_activity()
    assert what_is_counted(found) == (
        "Counted after the last ReLU6 of layer4, on 150 test pictures: 36 units (4 channels of 9 places each). A unit "
        "is inactive where its output is exactly 0. In the frozen network, 0.4 % of the units were at the upper limit, "
        "6."
    )
    other = with_depth(changed(found, layer=changed(found.layer, function="GELU", exact=False)), 0, capped=None)
    assert "below a twentieth of the layer's root mean square" in what_is_counted(other)
    assert "upper limit" not in what_is_counted(other)


def test_one_picture_has_no_interval() -> None:
    found = with_depth(changed(sample_activity(), trend=None), 1, interval=None)
    depths = list(found.depths)
    depths[1] = changed(depths[1], difference=Mean(value=-0.08, interval=None))
    lines = activity_lines(changed(found, depths=tuple(depths)))
    assert any("82.0 %  –" in line.text and "-8.0  " in line.text for line in lines)
    assert not any(line.role == "winner" for line in lines)
