"""Surveys as answers: who was asked, who answered, and every score in points of ten."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from clvlab.features.customer_file.shared import plural
from clvlab.features.tables import AnyTable, as_table, day_of, number_of
from clvlab.features.winnable import YEAR_DAYS
from clvlab.periods import parse_date, period_index, period_label
from clvlab.refusal import Refused

POINTS = 10  # scores are brought to points of ten
WAVE = "quarter"
EVERYBODY, EVERYWHERE, OVERALL = "all respondents", "all touchpoints", "overall"
SCORES = ("overall", "expectation", "perception", "rival_perception")
_NAMES = {"respondent_role": EVERYBODY, "touchpoint": EVERYWHERE, "item": OVERALL}
_INVITATION = ["customer_id", "respondent_role", "sent_on", "answered_on"]


@dataclass(frozen=True)
class Answers:
    """What was asked and answered by one day.

    Attributes
    ----------
    rows
        One row per question answered: invitation (number), customer_id, respondent_role, wave, sent_on, answered_on,
        touchpoint, item, expectation, perception, rival_perception (points of ten, missing where not given).
    invitations
        One row per invitation: customer_id, respondent_role, wave, sent_on, answered_on, answered (bool), overall
        (points of ten; the mean where it was given more than once), scale_max, scale (role and highest score).
    as_of
        The last day known.
    remarks
        What was left out, and how it was read.
    """

    rows: pd.DataFrame
    invitations: pd.DataFrame
    as_of: dt.date
    remarks: tuple[str, ...]

    def of_last(self, days: int = YEAR_DAYS) -> Answers:
        """Return the answers given within so many days up to the last one known.

        Raises
        ------
        Refused
            When there are none.
        """
        start = pd.Timestamp(self.as_of - dt.timedelta(days=days))
        recent = self.invitations["answered_on"] > start
        if not recent.any():
            raise Refused(f"Nobody answered a survey in the {days} days to {self.as_of}.")
        rows = self.rows[self.rows["answered_on"] > start]
        return Answers(rows, self.invitations[recent], self.as_of, self.remarks)

    @property
    def satisfaction(self) -> pd.DataFrame:
        """The invitations that brought an overall score.

        Raises
        ------
        Refused
            When none did.
        """
        found = self.invitations.dropna(subset=["overall"])
        if found.empty:
            raise Refused(f"Nobody gave an overall score by {self.as_of}; it needs overall in surveys.")
        return found


def answers(surveys: AnyTable | Answers, as_of: str | dt.date) -> Answers:
    """Read the table of surveys.

    Parameters
    ----------
    surveys
        customer_id, sent_on, scale_max and any of answered_on, respondent_role, touchpoint, item, overall, expectation,
        perception, rival_perception: one row per question, or per unanswered invitation.
    as_of
        The last day known.

    Returns
    -------
    Answers
        Scores of all scales in points of ten: ten times the score over the highest possible. Rows of one customer, role
        and days of invitation and answer are one invitation. Where the day of the answer is not recorded, an answer
        counts from the day of the invitation. A wave is a calendar quarter.

    Raises
    ------
    Refused
        Without these columns, without a score or an invitation by the day.

    Examples
    --------
    >>> surveys = pd.DataFrame({
    ...     "customer_id": ["a", "b"], "sent_on": pd.to_datetime(["2025-05-01"] * 2), "scale_max": [10, 5],
    ...     "overall": [8, 4], "respondent_role": ["shipper", "consignee"],
    ... })
    >>> answers(surveys, "2025-12-31").invitations["overall"].tolist()
    [8.0, 8.0]
    """
    if isinstance(surveys, Answers):
        return surveys
    today = parse_date(as_of)
    given = [name for name in SCORES if name in surveys.columns]
    if not given:
        raise Refused(f"Satisfaction needs a score in surveys: {', '.join(SCORES)}.")
    frame = _read(surveys, given, today)
    remarks, left_out = [], int((~(frame["scale_max"] > 0)).sum())
    frame = frame[frame["scale_max"] > 0]
    if frame.empty:
        raise Refused(f"Nobody was asked by {today} on a scale that is known; it needs rows in surveys with scale_max.")
    if left_out:
        remarks.append(f"Left out: {plural(left_out, 'rows')} of surveys without scale_max.")
    scores = frame[given].mul(POINTS / frame["scale_max"], axis=0)
    beyond = int((scores > POINTS).to_numpy().sum())
    if beyond:
        remarks.append(f"Left out: {plural(beyond, 'scores')} above the scale.")
    frame[given] = scores.where(scores <= POINTS)
    frame = frame.reindex(columns=[*frame.columns, *(name for name in SCORES if name not in given)])
    answered = frame[list(SCORES)].notna().any(axis=1)
    frame["wave"] = [period_label(index, WAVE) for index in period_index(frame["sent_on"], WAVE)]
    frame["invitation"] = frame.groupby(_INVITATION, dropna=False, sort=False).ngroup()
    frame["answered_on"] = frame["answered_on"].fillna(frame["sent_on"]).where(answered)
    by = frame.groupby("invitation")
    invitations = by[["customer_id", "respondent_role", "wave", "sent_on", "answered_on"]].first()
    invitations["answered"] = invitations["answered_on"].notna()
    invitations["overall"], invitations["scale_max"] = by["overall"].mean(), by["scale_max"].max()
    invitations["scale"] = invitations["respondent_role"] + " to " + invitations["scale_max"].map("{:g}".format)
    asked = ["expectation", "perception", "rival_perception"]
    rows = frame[frame[asked].notna().any(axis=1)]
    rows = rows[["invitation", *_INVITATION, "wave", "touchpoint", "item", *asked]].reset_index(drop=True)
    return Answers(rows, invitations, today, tuple(remarks))


def _read(surveys: AnyTable, given: list[str], today: dt.date) -> pd.DataFrame:
    """Return the rows known by the day; what was answered later is blank, and names not given are filled."""
    dated = "answered_on" in surveys.columns
    named = [name for name in _NAMES if name in surveys.columns]
    table = as_table(surveys, ["customer_id", "sent_on", "scale_max", *given, *named, *(["answered_on"] * dated)])
    days = {"sent_on": day_of(table, "sent_on")}
    if dated:
        days["answered_on"] = day_of(table, "answered_on")
    numbers = {name: number_of(table, name) for name in ("scale_max", *given)}
    read: ir.Table = table.select("customer_id", *named, **days, **numbers)
    read = read.filter(read.customer_id.notnull(), read.sent_on <= today)
    # An engine returns rows in any order; numbers of invitations must not depend on it.
    frame = read.order_by(read.columns).to_pyarrow().to_pandas(deduplicate_objects=False)
    for name in ("sent_on", "answered_on"):
        frame[name] = pd.to_datetime(frame[name]) if name in frame else pd.NaT
    later = frame["answered_on"] > pd.Timestamp(today)
    frame.loc[later, [*given, "answered_on"]] = np.nan
    for name, unknown in _NAMES.items():
        frame[name] = frame[name].fillna(unknown).str.strip() if name in frame else unknown
    return frame
