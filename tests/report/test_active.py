"""Shares of inactive units for the terminal and for report.md."""

from __future__ import annotations

from report.counted import sample_activity

from headstart.report.active import activity, activity_lines, what_is_counted


def test_the_terminal_shows_every_network_and_the_answer() -> None:
    lines = activity_lines(sample_activity(), width=80)
    text = "\n".join(line.text for line in lines)
    assert "partial@layer4         1    82.0 %  81.0 to 83.0   -8.0 (-10.0, -6.0)" in text
    assert "1 of 4     9 of 36" in text
    assert [line.text for line in lines if line.role == "winner"] == ["The guess holds here."]
    assert "partial@layer3 kept the head solved on the frozen network" in text.replace("\n  ", " ")


def test_markdown_has_every_stage() -> None:
    lines = activity({"activity": sample_activity()})
    assert "| partial@layer4 | 50.0 % | 82.0 % |" in lines
    assert activity({"activity": None}) == activity({}) == []


def test_what_is_inactive_is_said() -> None:
    entry = sample_activity()
    assert "36 units (4 channels at 9 places), inactive where exactly 0, on 150 test pictures" in what_is_counted(entry)
    assert "At the upper end, 6, stood 0.4 %" in what_is_counted(entry)
    entry["layer"] |= {"function": "GELU", "exact": False}
    entry["depths"][0]["layers"][-1]["capped"] = None
    assert "below a twentieth of the layer's root mean square" in what_is_counted(entry)
    assert "upper end" not in what_is_counted(entry)


def test_one_picture_has_no_interval() -> None:
    entry = sample_activity()
    entry["depths"][1]["layers"][-1]["interval"] = entry["depths"][1]["difference"]["interval"] = None
    entry["trend"] = None
    assert any("82.0 %  –" in line.text and "-8.0  " in line.text for line in activity_lines(entry))
