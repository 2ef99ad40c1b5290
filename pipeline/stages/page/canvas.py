"""The drawing surface of the charts: Altair layers whose y is pixels from the top.

Every value reaches Vega as data, never as an expression, so a name cannot be read as code.
Altair is imported when drawing: it takes longer to load than the rest of the page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from pipeline.stages.page.svg import inline_svg

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """A surface of a fixed size; x runs from 0 to `x_end`, y from the top in pixels.

    The rows that its methods draw hold x, y (and x2, y2), `colour` and what the mark needs.
    """

    width: int
    height: int
    x_end: float

    def rectangles(self, rows: Rows) -> Any:
        """Filled rectangles from (x, y) to (x2, y2)."""
        return self._chart(rows).mark_rect().encode(**self._place("x2", "y2"))

    def across(self, rows: Rows, *, width: float) -> Any:
        """Horizontal lines from x to x2 at y."""
        return self._chart(rows).mark_rule(strokeWidth=width).encode(**self._place("x2"))

    def slanted(self, rows: Rows, *, width: float, dash: Sequence[int] = ()) -> Any:
        """Straight lines from (x, y) to (x2, y2); `dash` holds lengths drawn and left out."""
        mark = self._chart(rows).mark_rule(
            strokeWidth=width, strokeDash=list(dash) or [1, 0], strokeCap="round"
        )
        return mark.encode(**self._place("x2", "y2"))

    def down(self, rows: Rows, *, width: float) -> Any:
        """Vertical lines at x from y to y2."""
        return self._chart(rows).mark_rule(strokeWidth=width).encode(**self._place("y2"))

    def texts(self, rows: Rows, *, align: str, size: float, weight: int = 400) -> Any:
        """One line of `text` each, standing on y."""
        mark = self._chart(rows).mark_text(
            align=align, baseline="alphabetic", fontSize=size, fontWeight=weight
        )
        return mark.encode(**self._place("text"))

    def symbols(self, rows: Rows, *, size: float) -> Any:
        """The SVG path `shape` centred on each (x, y); `size` is its area in square pixels."""
        import altair as alt

        mark = self._chart(rows).mark_point(filled=True, opacity=1, size=size)
        return mark.encode(shape=alt.Shape("shape:N", scale=None), **self._place())

    def svg(self, layers: Sequence[Any], *, label: str) -> Markup:
        """The layers, later ones on top, as SVG markup for the page.

        `autosize` is none: Vega would widen the drawing by the measured width of text, which
        differs with the fonts of the machine. Layers without rows are left out.
        """
        import altair as alt

        drawn = [layer for layer in layers if layer.data.values]
        chart = alt.layer(*drawn).properties(
            width=self.width,
            height=self.height,
            padding=0,
            background="transparent",
            autosize=alt.AutoSizeParams(type="none"),
        )
        return inline_svg(chart.configure_view(stroke=None), label=label)

    def _chart(self, rows: Rows) -> Any:
        import altair as alt

        return alt.Chart(alt.Data(values=[dict(row) for row in rows]))

    def _place(self, *more: str) -> dict[str, Any]:
        """The encodings that every mark shares, and those of `more`.

        All as channels: from a shorthand, Altair takes ten milliseconds to find each.
        """
        import altair as alt

        x_scale = alt.Scale(domain=[0, self.x_end], nice=False)
        y_scale = alt.Scale(domain=[self.height, 0], nice=False, zero=False)
        channels = {"x2": alt.X2("x2:Q"), "y2": alt.Y2("y2:Q"), "text": alt.Text("text:N")}
        return {
            "x": alt.X("x:Q", scale=x_scale, axis=None),
            "y": alt.Y("y:Q", scale=y_scale, axis=None),
            "color": alt.Color("colour:N", scale=None),
        } | {name: channels[name] for name in more}
