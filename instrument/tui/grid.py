"""The instrument's face: the bar that sounds and the next one as step grids.

A stroke's velocity is its height. Timing is where it leans: in wide cells the stroke itself moves to the left (early)
or right (late); in cells of two columns a quiet chevron stands on that side. The playhead lights a column. The next bar
is drawn more quietly, as nothing of it is settled before it sounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from instrument.core.bar import Bar
from instrument.core.timebase import STEPS_PER_BAR
from instrument.tui.glyphs import Glyphs
from instrument.tui.picture import Picture, Row, Span, Tone, fill, gap, retone, trim
from instrument.tui.strokes import LANES, SHORT_LANES, Lane, LaneStrokes, Stroke, mean_lateness_ms, strokes

Column = tuple[str, Tone]

STEPS_PER_BEAT = 4
COUNT = "e&a"
"""How drummers count the sixteenths between the beats."""
CELL_SIZES = ((6, 2), (6, 1), (5, 2), (5, 1), (4, 2), (4, 1), (3, 2), (3, 1), (2, 1), (2, 0), (1, 0))
"""Columns to a step and more between beats, best first."""
MOST_ROWS_PER_LANE = 3
TWO_BARS_WIDTH = 75
SILENCE: LaneStrokes = (None,) * STEPS_PER_BAR
UNDER_HEAD = {Tone.GHOST: Tone.HEAD, Tone.QUIET: Tone.HEAD, Tone.STRONG: Tone.HEAD_HIT}


@dataclass(frozen=True, slots=True, kw_only=True)
class GridLook:
    """What the grids show. `step`: the playhead's, -1 while stopped. `fill_in` as in `StageView`."""

    now: Bar | None
    next: Bar | None
    step: int
    bar_number: int
    fill_in: int
    tempo_bpm: float
    locked: frozenset[int] = frozenset()
    resting: frozenset[int] = frozenset()
    turn: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridLayout:
    """How a box is divided: `cell` columns to a step, `beat_gap` more between beats, `rows` to a lane."""

    lanes: tuple[Lane, ...]
    margin: int
    label: int
    cell: int
    beat_gap: int
    rows: int
    bars: int
    between: int
    timing: bool
    captions: bool

    @property
    def bar_width(self) -> int:
        return STEPS_PER_BAR * self.cell + (STEPS_PER_BAR // STEPS_PER_BEAT - 1) * self.beat_gap

    def column(self, step: int) -> int:
        """Where a step's cell begins in its bar."""
        return step * self.cell + step // STEPS_PER_BEAT * self.beat_gap


def grid_layout(width: int, height: int) -> GridLayout:
    """The most legible division: two bars from 75 columns, nine lanes from 11 rows, else the short lanes."""
    bars = 2 if width >= TWO_BARS_WIDTH else 1
    lanes = LANES if height >= len(LANES) + 2 else SHORT_LANES
    captions = height >= len(lanes) + 3
    spare = height - 2 - captions
    label = 10 if width >= 120 else 8 if bars == 2 else 7
    between = 4 if width >= 120 else 3
    for cell, beat_gap in CELL_SIZES:
        timing = cell >= 4
        bar_width = STEPS_PER_BAR * cell + 3 * beat_gap
        needed = label + bars * bar_width + (bars - 1) * between + 2 * timing * 7
        if needed <= width:
            break
    return GridLayout(
        lanes=lanes,
        margin=(width - needed) // 2 if width - needed > 6 else 0,
        label=label,
        cell=cell,
        beat_gap=beat_gap,
        rows=min(max(spare // len(lanes), 1), MOST_ROWS_PER_LANE),
        bars=bars,
        between=between + timing * 7,
        timing=timing,
        captions=captions,
    )


def paint_grids(look: GridLook, width: int, height: int, glyphs: Glyphs) -> Picture:
    """Captions, count, lanes and playhead, in `height` rows of `width` cells."""
    layout = grid_layout(width, height)
    rows: list[Row] = [_captions(look, layout, glyphs)] if layout.captions else []
    rows.append(_count(look, layout))
    lanes = _lanes(look.now, look.next, look.tempo_bpm, layout, glyphs, look.locked, look.resting)
    at = layout.label + layout.column(look.step)
    rows += [retone(row, at, at + layout.cell, UNDER_HEAD) for row in lanes] if look.step >= 0 else lanes
    rows.append(_foot(look, layout, glyphs))
    above = max((height - len(rows)) // 2, 0) if layout.captions else 0
    return fill([(gap(layout.margin), *row) for row in [*[()] * above, *rows]], width, height)


def _captions(look: GridLook, layout: GridLayout, glyphs: Glyphs) -> Row:
    now = Span("now", Tone.ALIVE if look.step >= 0 else Tone.TEXT)
    bar = Span(f" {glyphs.mid} bar {look.bar_number}" if look.bar_number else "", Tone.QUIET)
    turn = (Span(f"  {look.turn}", Tone.ALIVE),) if look.turn else ()
    left = (gap(layout.label), now, bar, *turn, *_fill_words(look.fill_in, here=0))
    if layout.bars == 1:
        return (*left, *_fill_words(look.fill_in, here=1))
    draft = Span(f" {glyphs.mid} draft", Tone.QUIET)
    words = _fill_words(look.fill_in, here=1)
    return (*trim(left, layout.label + layout.bar_width + layout.between), Span("next", Tone.TEXT), draft, *words)


def _fill_words(fill_in: int, here: int) -> Row:
    """What the caption of the bar that is `here` bars away says of an armed fill."""
    if fill_in < 0 or (here == 0) != (fill_in == 0):
        return ()
    words = {0: "  FILL", 1: "  FILL in 1"}.get(fill_in, f"  fill in {fill_in}")
    return (Span(words, Tone.ALIVE),)


def _count(look: GridLook, layout: GridLayout) -> Row:
    """1 e & a 2 e & a ..., the beat that sounds alight."""
    plain: list[list[Column]] = []
    lit: list[list[Column]] = []
    for step in range(STEPS_PER_BAR):
        beat, part = divmod(step, STEPS_PER_BEAT)
        mark = COUNT[part - 1] if part else str(beat + 1)
        tone = Tone.GHOST if part else Tone.QUIET
        at = layout.cell // 2 if layout.cell > 2 else 0
        plain.append(_place(mark, at, layout.cell, tone))
        sounding = look.step >= 0 and look.step // STEPS_PER_BEAT == beat
        lit.append(_place(mark, at, layout.cell, Tone.ALIVE if sounding and not part else tone))
    fill_word = () if layout.captions else _fill_words(look.fill_in, here=min(max(look.fill_in, 0), 1))
    lead = trim((Span("FILL", Tone.ALIVE),) if fill_word else (), layout.label)
    return (*lead, *_two(_join(lit, layout), _join(plain, layout), layout))


@lru_cache(maxsize=8)
def _lanes(
    now: Bar | None,
    later: Bar | None,
    tempo_bpm: float,
    layout: GridLayout,
    glyphs: Glyphs,
    locked: frozenset[int],
    resting: frozenset[int],
) -> tuple[Row, ...]:
    """All lanes without the playhead: painted once to a bar, while the playhead moves over them."""
    rows: list[Row] = []
    for lane in layout.lanes:
        first, second = (strokes(bar, lane) if bar else SILENCE for bar in (now, later))
        name = _name(lane, locked, resting, layout.label - 1, glyphs)
        rows += _lane(name, first, second, tempo_bpm, layout, glyphs)
    return tuple(rows)


def _lane(
    name: Span, now: LaneStrokes, later: LaneStrokes, tempo_bpm: float, layout: GridLayout, glyphs: Glyphs
) -> list[Row]:
    """The lane's rows, top to bottom; its name stands at the lowest, where the strokes stand."""
    rows: list[Row] = []
    for level in reversed(range(layout.rows)):
        first = _bar_columns(now, level, layout, glyphs, Tone.STRONG)
        second = _bar_columns(later, level, layout, glyphs, Tone.TEXT)
        lead = _lead(now, layout, glyphs) if level == 0 else gap(1)
        timing = _timing(now, tempo_bpm, level) if layout.timing else gap(0)
        rows.append(
            (
                name if level == 0 else gap(layout.label - 1),
                lead,
                *_two(_join(first, layout), _join(second, layout), layout, timing),
            )
        )
    return rows


def _name(lane: Lane, locked: frozenset[int], resting: frozenset[int], width: int, glyphs: Glyphs) -> Span:
    """A lane's name, marked where its voices are locked or rest."""
    voices = set(lane.voices)
    if voices <= resting:
        label, tone = f"{glyphs.mute}{lane.label}", Tone.GHOST
    elif voices <= locked:
        label, tone = f"{glyphs.lock}{lane.label}", Tone.STRONG
    else:
        label, tone = lane.label, Tone.QUIET
    if len(label) > width:
        label = label.replace(" ", "")
    return Span(f"{label[:width]:<{width}}", tone)


def _lead(row: LaneStrokes, layout: GridLayout, glyphs: Glyphs) -> Span:
    """A stroke early on step 0 has no cell before it: its chevron stands before the bar."""
    early = layout.cell == 2 and row[0] is not None and row[0].lean < 0
    return Span(glyphs.early, Tone.QUIET) if early else gap(1)


def _timing(row: LaneStrokes, tempo_bpm: float, level: int) -> Span:
    late = mean_lateness_ms(row, tempo_bpm)
    return Span(f"{late:+5.0f} ms" if late is not None and level == 0 else "", Tone.QUIET)


def _bar_columns(row: LaneStrokes, level: int, layout: GridLayout, glyphs: Glyphs, tone: Tone) -> list[list[Column]]:
    """A bar's cells at one of a lane's rows, `level` 0 the lowest."""
    cells: list[list[Column]] = []
    for step, stroke in enumerate(row):
        after = row[step + 1] if step + 1 < len(row) else None
        if layout.cell > 2:
            columns = _wide_cell(stroke, step, level, layout, glyphs, tone)
        else:
            columns = _narrow_cell(stroke, after, step, layout, glyphs, tone)
        cells.append(columns)
    return cells


def _narrow_cell(
    stroke: Stroke | None, after: Stroke | None, step: int, layout: GridLayout, glyphs: Glyphs, tone: Tone
) -> list[Column]:
    """A glyph, and behind it a second hit or the chevron of whoever leans into the gap."""
    main = (glyphs.height(stroke.velocity), tone) if stroke else _rest(step, glyphs)
    side: Column = (" ", Tone.GHOST)
    if stroke and stroke.second:
        side = (glyphs.height(stroke.second), Tone.QUIET)
    elif stroke and stroke.lean > 0:
        side = (glyphs.late, Tone.QUIET)
    elif after and after.lean < 0:
        side = (glyphs.early, Tone.QUIET)
    return [main, side][: layout.cell]


def _wide_cell(
    stroke: Stroke | None, step: int, level: int, layout: GridLayout, glyphs: Glyphs, tone: Tone
) -> list[Column]:
    """A stroke as a bar two columns narrower than the cell, moved by one where it leans; `rows` rows high."""
    if stroke is None:
        return _place(
            _rest(step, glyphs)[0] if level == 0 else " ", layout.cell // 2, layout.cell, _rest(step, glyphs)[1]
        )
    at = 1 + stroke.lean
    body = _slice(stroke.velocity, level, layout.rows, glyphs)
    columns: list[Column] = [(" ", Tone.GHOST)] * layout.cell
    columns[at : at + layout.cell - 2] = [(body, tone)] * (layout.cell - 2)
    if stroke.second:
        columns[-1] = (_slice(stroke.second, level, layout.rows, glyphs), Tone.QUIET)
    return columns


def _slice(velocity: float, level: int, rows: int, glyphs: Glyphs) -> str:
    """The glyph of row `level` of a bar `rows` rows high."""
    part = velocity * rows - level
    if part <= 0:
        return glyphs.height(0.0) if level == 0 else " "
    return glyphs.block if part >= 1 and level < rows - 1 else glyphs.height(min(part, 1.0))


def _rest(step: int, glyphs: Glyphs) -> Column:
    return glyphs.empty, Tone.GHOST if step % STEPS_PER_BEAT else Tone.QUIET


def _place(mark: str, at: int, width: int, tone: Tone) -> list[Column]:
    columns: list[Column] = [(" ", Tone.GHOST)] * width
    columns[min(at, width - 1)] = (mark, tone)
    return columns


def _join(cells: Sequence[list[Column]], layout: GridLayout) -> Row:
    """Cells -> spans, runs of one tone in one span, blanks between the beats."""
    columns: list[Column] = []
    for step, cell in enumerate(cells):
        if step and step % STEPS_PER_BEAT == 0:
            columns += [(" ", Tone.GHOST)] * layout.beat_gap
        columns += cell
    return tuple(Span("".join(c for c, _ in run), tone) for tone, run in groupby(columns, key=lambda column: column[1]))


def _two(first: Row, second: Row, layout: GridLayout, note: Span | None = None) -> Row:
    """The first bar, a note in the room between, and the second bar where there is room for it."""
    between = trim((note,) if note else (), layout.between)
    return (*first, *between, *second) if layout.bars == 2 else first


def _foot(look: GridLook, layout: GridLayout, glyphs: Glyphs) -> Row:
    """The playhead's foot, and in words how the hands sit against the grid."""
    at = layout.column(look.step) + (layout.cell // 2 if layout.cell > 2 else 0)
    head = (gap(at), Span(glyphs.head, Tone.ALIVE)) if look.step >= 0 else ()
    row = trim((gap(layout.label), *head), layout.label + layout.bar_width)
    if layout.bars == 1 or layout.timing or look.now is None:
        return row
    return (*row, gap(layout.between), *_feel_words(look.now, look.tempo_bpm))


def _feel_words(bar: Bar, tempo_bpm: float) -> Row:
    """Mean lateness of the three lanes that carry the groove, in milliseconds."""
    words = []
    for lane in reversed(LANES[-3:]):
        late = mean_lateness_ms(strokes(bar, lane), tempo_bpm)
        if late is not None:
            words.append(f"{lane.label} {late:+.0f}")
    return (Span("ms  " + "  ".join(words) if words else "", Tone.QUIET),)
