"""A small study's base, and what every figure of it must be."""

import warnings
from dataclasses import replace

from clvlab.clv import ParetoNBD
from clvlab.clv.valuing.spot import Spot
from clvlab.features.histories import purchase_histories


def check(ax) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ax.get_figure().draw_without_rendering()  # the bare canvas' own draw() does nothing
    assert ax.get_xlabel()
    title = " ".join(ax.get_figure().get_suptitle().split())
    assert any(character.isdigit() for character in title)
    legend = ax.get_legend()
    assert legend is None or not legend.get_window_extent().overlaps(ax.get_window_extent())
    edges, figure = ax.get_figure().get_tightbbox(), ax.get_figure().get_size_inches()
    assert edges.x0 >= -0.01
    assert edges.x1 <= figure[0] + 0.01
    return title


def late_entry(study):
    """The small study's base with a purchase model that knows who was there before the records begin."""
    customers = study.records.tables["customers"]
    table = purchase_histories(replace(study.purchases, meaning=""), customers, study.as_of)
    fit = ParetoNBD().fit(table, entry="entry", silent_left_out=True)
    return replace(study.clv, streams=[Spot(fit, table)])
