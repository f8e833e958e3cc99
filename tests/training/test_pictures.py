"""The pictures of an analysis: every number is in them, nothing covers anything, the same bytes each time."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import matplotlib
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tests.training.curves import FLOOR, made_up, studied
from training.analysis.panels import PANELS
from training.analysis.pictures import losses_figure, metrics_figure, success_figure
from training.analysis.report import pictures
from training.analysis.studied import Runs, StudiedRun
from training.analysis.style import RunStyle, house_style

FIGURES = (success_figure, losses_figure, metrics_figure)


@pytest.fixture(autouse=True)
def styled() -> Iterator[None]:
    with house_style():
        yield


def two() -> list[StudiedRun]:
    return [studied(made_up(40), "ticks-1000", FLOOR), studied(made_up(25, seed=1), "ticks-3200", FLOOR)]


def drawn(axes: Axes, label: str) -> tuple[list[float], list[float]]:
    (line,) = (line for line in axes.get_lines() if line.get_label() == label)
    return list(np.asarray(line.get_xdata(), float)), list(np.asarray(line.get_ydata(), float))


def expected(run: StudiedRun, key: str) -> tuple[list[float], list[float]]:
    rows = [row for row in run.rows if key in row]
    return [row["epoch"] for row in rows], [row[key] for row in rows]


def entries(figure: Figure) -> list[str]:
    (legend,) = figure.legends
    return [text.get_text() for text in legend.get_texts()]


def test_success_shows_both_shares_of_every_run_at_every_epoch() -> None:
    runs = [*two(), studied(made_up(200), "long")]
    figure = success_figure(runs)
    (axes,) = figure.axes
    for run in runs:
        for key in ("d_fixed", "d_held_out"):
            assert drawn(axes, f"{run.name}: {key}") == expected(run, key)
    assert drawn(axes, "cannot tell")[1] == [0.5, 0.5]
    assert axes.get_ylim() == (0, 1)
    assert {"against training bars", "against held-out bars", "recommended"} <= set(entries(figure))
    styles = {line.get_label(): line.get_linestyle() for line in axes.get_lines()}
    assert styles["ticks-1000: d_fixed"] == "-" != styles["ticks-1000: d_held_out"]


def test_the_recommended_epoch_has_a_star() -> None:
    run = two()[0]
    assert run.choice is not None
    epoch = run.choice.epoch
    for figure, key in ((success_figure([run]), "d_fixed"), (losses_figure([run]), "loss_d")):
        at = drawn(figure.axes[0], f"ticks-1000: {key}, recommended")
        assert at == ([epoch], [run.at(key, epoch)])
        assert f"ticks-1000 (★ epoch {epoch})" in entries(figure)


def test_losses_and_metrics_have_every_line_of_every_run() -> None:
    runs = two()
    losses, metrics = losses_figure(runs), metrics_figure(runs)
    panels = [*zip(losses.axes, ("loss_d", "loss_g"), strict=True)]
    panels += zip(metrics.axes, (panel.key for panel in PANELS), strict=True)
    for axes, key in panels:
        for run in runs:
            assert drawn(axes, f"{run.name}: {key}") == expected(run, key)
        assert axes.get_xlabel() == "epoch"
        assert axes.get_ylabel()


def test_the_floor_is_a_band_and_drawn_once_where_runs_share_it() -> None:
    def bands(runs: Runs, key: str) -> list[tuple[float, float | None]]:
        number = [panel.key for panel in PANELS].index(key)
        patches = metrics_figure(runs).axes[number].patches
        return [(patch.get_window_extent().height, patch.get_alpha()) for patch in patches]

    assert len(bands(two(), "recall")) == 1
    assert bands(two(), "precision") == []
    other = studied(made_up(9), "other", {"recall": (0.5, 0.6)})
    assert [alpha for _, alpha in bands([*two(), other], "recall")] == [0.8, 0.25]
    assert all(height > 0 for height, _ in bands(two(), "kid"))
    assert "real bars against real bars" in entries(metrics_figure(two()))
    assert "real bars against real bars" not in entries(metrics_figure([studied(made_up(9))]))


def test_only_wide_positive_scores_are_on_a_log_axis() -> None:
    def scale(rows: list[dict[str, float]], key: str) -> str:
        figure = metrics_figure([studied(rows)])
        return next(a for a in figure.axes if any(str(x.get_label()).endswith(key) for x in a.get_lines())).get_yscale()

    rows = made_up(20)
    assert [scale(rows, key) for key in ("fd", "kid", "recall")] == ["log", "log", "linear"]
    rows[3]["kid"] = -0.1
    assert scale(rows, "kid") == "linear"
    assert scale(rows[-3:], "fd") == "linear"


@pytest.mark.parametrize("build", FIGURES)
@pytest.mark.parametrize("rows", [[{"epoch": 7}], [{"epoch": 7, "d_fixed": 0.5, "loss_g": 0.7, "fd": 0.0}]])
def test_one_epoch_with_little_measured_is_a_picture(
    build: Callable[[Runs], Figure], rows: list[dict[str, float]]
) -> None:
    figure = build([studied(rows)])
    figure.draw_without_rendering()
    assert figure.axes
    measured = [axes for axes in figure.axes if axes.get_xlabel()]
    assert all(low < 7 < high for low, high in (axes.get_xlim() for axes in measured))
    assert all(tick == round(tick) for axes in measured for tick in axes.get_xticks())


def test_a_floor_below_zero_goes_to_the_end_of_a_log_axis() -> None:
    axes = metrics_figure(two()).axes[[panel.key for panel in PANELS].index("kid")]
    (band,) = axes.patches
    assert axes.get_yscale() == "log"
    assert band.get_extents().y0 == pytest.approx(axes.bbox.y0)


def test_what_no_run_has_is_left_out() -> None:
    rows = [{"epoch": n, "fd": 2.0, "recall": 0.5} for n in range(1, 4)]
    figure = metrics_figure([studied(rows), studied([{"epoch": 1, "loss_d": 0.6}], "bare")])
    assert len(figure.axes) == 2
    assert not any(entry.startswith("bare") for entry in entries(figure))
    assert "cannot tell" not in entries(figure)


@pytest.mark.parametrize("build", FIGURES)
@pytest.mark.parametrize("count", [1, 2, 3, 20])
def test_nothing_covers_anything(build: Callable[[Runs], Figure], count: int) -> None:
    names = ["short", "a-name-that-takes-rather-more-room-than-others", "_hidden", *map(str, range(20))]
    runs = [studied(made_up(10 + 60 * n, seed=n), names[n], FLOOR) for n in range(min(count, 4))]
    runs += [studied(made_up(6, seed=n), names[n]) for n in range(4, count)]
    figure = build(runs)
    figure.draw_without_rendering()
    boxes = [box for axes in figure.axes if (box := axes.get_tightbbox())]
    (legend,) = figure.legends
    assert len(entries(figure)) >= count
    assert not any(box.overlaps(legend.get_window_extent()) for box in boxes)
    assert not any(one.overlaps(other) for n, one in enumerate(boxes) for other in boxes[:n])
    assert all(
        figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 + 1 for box in [*boxes, legend.get_window_extent()]
    )
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            shown = [label.get_window_extent() for label in axis.get_ticklabels() if label.get_text()]
            shown = [box for box in shown if axes.bbox.padded(5).overlaps(box.padded(8))]
            assert 2 <= len(shown) <= 14
            assert not any(one.overlaps(other) for one, other in pairwise(shown))


def test_runs_differ_in_colour_and_also_without_it() -> None:
    styles = [RunStyle(number=number) for number in range(42)]
    assert len({(style.colour, style.marker) for style in styles}) == 42
    assert len({style.marker for style in styles[:7]}) == 7
    assert len({style.line for style in styles[:4]}) == 4


def test_the_bytes_depend_on_the_numbers_alone(tmp_path: Path) -> None:
    first = pictures(two())
    with matplotlib.rc_context({"lines.linewidth": 9, "font.size": 30, "savefig.dpi": 20, "svg.hashsalt": None}):
        again = pictures(two())
    assert first == again
    assert first["success.png"] != pictures(two()[:1])["success.png"]
    assert set(first) == {f"{name}.{kind}" for name in ("success", "losses", "metrics") for kind in ("png", "svg")}


def test_png_is_wide_enough_and_svg_is_well_formed_without_a_date() -> None:
    for name, data in pictures([studied(made_up(5), "日本 $x^2$ <b>")]).items():
        if name.endswith("png"):
            assert data[:8] == b"\x89PNG\r\n\x1a\n"
            width, height = struct.unpack(">II", data[16:24])
            assert width == 1350
            assert 600 < height < 2000
            assert b"Software" not in data
        else:
            assert ET.fromstring(data).tag.endswith("svg")
            assert b"<dc:date>" not in data
            assert b"Matplotlib v" not in data


def test_a_process_s_own_settings_are_left_alone() -> None:
    before = dict(matplotlib.rcParams)
    pictures([studied(made_up(3))])
    assert dict(matplotlib.rcParams) == before
