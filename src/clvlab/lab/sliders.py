"""The what-if for the service level with sliders: one for each tier and indicator that can be moved."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from math import floor, log10
from typing import TYPE_CHECKING

from clvlab.lab.session import is_interactive
from clvlab.language import say
from clvlab.results import Note, Result, format_cell, html_table
from clvlab.satisfaction.responses.kpis import BY_NAME

if TYPE_CHECKING:
    import pandas as pd
    from ipywidgets import HTML, VBox

    from clvlab.service_level.curves import Curve
    from clvlab.service_level.customer_service_level import ServiceLevel
    from clvlab.service_level.what_if import WhatIf

Levels = Mapping[str, Mapping[str, float]]
# A step is a tenth, hundredth, ... that divides the way from the lowest level to the highest into this many or more.
_FEWEST_STEPS = 10
# Room for a slider's name, track and level; at either end of the track ipywidgets leaves half a handle.
_NAME, _TRACK, _READOUT, _EDGE = "7rem", "18rem", "5rem", "0.6rem"
_MARK = "width:0;white-space:nowrap;line-height:1;font-size:0.75em;text-indent:-0.5em"


def what_if(service: ServiceLevel, levels: Levels | None = None) -> Result:
    """Return what moves when tiers are served at other levels; in JupyterLab with sliders for the levels.

    In a run without a person (a report, a test) it is the table alone: ``service.what_if(levels)``.

    Parameters
    ----------
    service
        ``study.service_level``.
    levels
        Where the sliders start, shares that go well by tier and indicator, e.g. ``{"core": {"on_time_delivery":
        0.97}}``; what is not named starts at today's level.

    Raises
    ------
    Refused
        Without money, costs of service or effects of it, and for levels that cannot be set.

    Examples
    --------
    >>> what_if(study.service_level)                               # doctest: +SKIP
    """
    found = service.what_if(levels or {})
    return Sliders(service, levels or {}) if is_interactive() else found


class Lever:
    """The slider of one tier and indicator, with a mark at today's level.

    Attributes
    ----------
    today
        Today's level; one of the slider's, beside those in round steps.
    slider, panel
        The slider itself; with its name and its mark.
    """

    def __init__(self, group: str, today: float, start: float, curve: Curve) -> None:
        from ipywidgets import HTML, Layout, SelectionSlider, VBox

        self.today = today
        step = 10 ** floor(log10((curve.upper - curve.lower) / _FEWEST_STEPS))
        round_levels = (round(step * number, 9) for number in range(round(1 / step) + 1))
        levels = sorted({today, start, *(level for level in round_levels if curve.lower <= level <= curve.upper)})
        # By position, not by value: a slider of numbers would move today's level to its nearest step.
        self.slider = SelectionSlider(
            options=[(format_cell(level, 1, percent=True), level) for level in levels], value=start,
            description=say(group), style={"description_width": _NAME},
            layout=Layout(width=f"calc({_NAME} + {_TRACK} + {_READOUT})"),
        )  # fmt: skip
        along = levels.index(today) / (len(levels) - 1)
        place = f"calc({_NAME} + {_EDGE} + {along:.4f} * ({_TRACK} - 2 * {_EDGE}))"
        words = escape(say(f"today {format_cell(today, 1, percent=True)}"))
        mark = HTML(f'<div style="{_MARK};margin-left:{place}">▲ {words}</div>')
        self.panel = VBox([self.slider, mark])


class Sliders(Result):
    """Sliders for service levels above the table of what they would move.

    Attributes
    ----------
    levers
        By tier and indicator; a level that is not known today, or lies beyond those whose cost is known, has none.
    found
        What the levels set would move.
    panel
        The widget.
    """

    def __init__(self, service: ServiceLevel, levels: Levels) -> None:
        from ipywidgets import HTML, Button, HBox, Layout, VBox

        self._service = service
        self.levers: dict[tuple[str, str], Lever] = {}
        columns = [self._column(kpi, curve, levels) for kpi, curve in service.movable.items()]
        back = Button(description=say("Back to today"), icon="undo")
        back.on_click(lambda _: self.back_to_today())
        self._table = HTML()
        self.panel: VBox = VBox([HBox(columns, layout=Layout(flex_flow="row wrap")), back, self._table])
        self._update()
        for lever in self.levers.values():
            lever.slider.observe(lambda _: self._update(), "value")

    def _column(self, kpi: str, curve: Curve, levels: Levels) -> VBox:
        """Return the levers of an indicator below its name."""
        from ipywidgets import HTML, VBox

        rows: list[HTML | VBox] = [HTML(f"<b>{escape(say(BY_NAME[kpi].label))}</b>")]
        for group, today in self._service.value.today[kpi].items():
            if curve.lower <= today <= curve.upper:
                start = levels.get(str(group), {}).get(kpi, float(today))
                self.levers[str(group), kpi] = Lever(str(group), float(today), start, curve)
                rows.append(self.levers[str(group), kpi].panel)
            else:
                known = Note(f"{group}: today's level is not known, or beyond the levels whose cost is known.")
                rows.append(HTML(known._repr_html_()))
        return VBox(rows)

    def back_to_today(self) -> None:
        """Move every slider to today's level."""
        for lever in self.levers.values():
            lever.slider.value = lever.today

    @property
    def levels(self) -> dict[str, dict[str, float]]:
        """The levels other than today's, by tier and indicator."""
        moved: dict[str, dict[str, float]] = {}
        for (group, kpi), lever in self.levers.items():
            if lever.slider.value != lever.today:
                moved.setdefault(group, {})[kpi] = lever.slider.value
        return moved

    def _update(self) -> None:
        """Show what the levels set would move: the tiers moved and all customers."""
        self.found: WhatIf = self._service.what_if(self.levels)
        written = self.found.written()
        every = written["group"].iloc[-1]  # all customers, or their only group
        shown = written[written["group"].isin([*self.levels, every])]
        self._table.value = html_table(shown.reset_index(drop=True), caption=self.found.title, fold=False)

    def to_frame(self) -> pd.DataFrame:
        """Return what the levels set would move: the frame of ``service.what_if(levels)``."""
        return self.found.to_frame()

    def __repr__(self) -> str:
        """Return the table of what the levels set would move."""
        return repr(self.found)

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        """Return the widget, and for a page, which has no kernel, the table."""
        return {
            **self.panel._repr_mimebundle_(),
            "text/plain": repr(self.found),
            "text/html": self.found._repr_html_(),
        }
