"""From churn and customer value to the lists that people act on."""

from __future__ import annotations

import pandas as pd

from clvlab.churn.customer_churn import Churn
from clvlab.clv.valuing.customer_values import CustomerValues
from clvlab.features.panel import partners
from clvlab.periods import months_before, period_label, years_before
from clvlab.refusal import Refused
from clvlab.retention.arms import randomised_arms
from clvlab.retention.campaign_effect import CampaignEffect, campaign_effect
from clvlab.retention.watch_list import watch_list
from clvlab.retention.watch_list_result import WatchList

_ENDS = ("", "_lower", "_upper")
# A value given that the customer is still there is that of all cases over the probability of this one.
_LEAST_PROBABILITY = 0.01
# Months for which a customer is new.
_NEW_FOR = 3
TIE = "tie"
# By what the arms of a campaign are compared.
_KNOWN_BEFORE = ("size_class", "industry", "region", "priority_class")


def accounts_to_watch(found: Churn, values: CustomerValues) -> WatchList:
    """Return the watch list: whom to call first, and what to know before calling.

    Parameters
    ----------
    found
        Who is leaving.
    values
        What customers are worth, as of the same day.
    """
    records = found.base.records
    ahead, months = found.prospects.frame, found.within_months
    risk = ahead[["already_gone"]].assign(
        **{
            name or "probability": ahead[f"risk_{months}{end}"]
            for name, end in zip(("", "lower", "upper"), _ENDS, strict=True)
        }
    )
    return watch_list(
        risk.reset_index(),
        worth(values, ahead.index),
        found.drivers,
        silence(found),
        records["customers"],
        found.as_of,
        months=months,
        margin_months=values.horizon_months,
        currency=values.currency,
        facts=facts(found),
        partners=lost_partners(found),
        calls=records.tables.get("calls"),
        doubts=values.doubts,
    )


def worth(values: CustomerValues, customers: pd.Index) -> pd.DataFrame:
    """Return what each customer is worth within the horizon of values, given that it is still there.

    Of who is all but gone for those values, all cases say nothing about this one: its interval is missing.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> frame = pd.DataFrame({"value": [50.0], "value_lower": [40.0], "value_upper": [70.0]}, ["a"])
    >>> frame["probability_alive"] = 0.5
    >>> worth(SimpleNamespace(frame=frame), pd.Index(["a"]))
      customer_id  margin  lower  upper
    0           a   100.0   80.0  140.0
    """
    frame = values.frame.reindex(customers)
    there = frame["probability_alive"].clip(lower=_LEAST_PROBABILITY)
    ends = {name: frame[f"value{end}"] / there for name, end in zip(("margin", "lower", "upper"), _ENDS, strict=True)}
    told = pd.DataFrame(ends, index=customers).rename_axis("customer_id")
    within = told["margin"].between(told["lower"], told["upper"])
    told[["lower", "upper"]] = told[["lower", "upper"]].where(within)
    return told.reset_index()


def silence(found: Churn) -> pd.DataFrame:
    """Return each customer's silence against its rhythm, and when its next order is expected."""
    columns = ["silent_days", "usual_gap_days", "silence_percentile", "next_on"]
    if found.base.rhythm is None:
        return pd.DataFrame(columns=["customer_id", *columns]).rename(columns={"next_on": "next_order_expected_on"})
    known = found.base.rhythm.customers[columns].rename(columns={"next_on": "next_order_expected_on"})
    return known[known.index.isin(found.prospects.frame.index)].rename_axis("customer_id").reset_index()


def facts(found: Churn) -> pd.DataFrame:
    """Return what to know of accounts before calling: a contract whose term ends soon, a customer who is new."""
    spells = found.accounts.running.set_index("customer_id")
    new = spells["started_on"][spells["started_on"] > pd.Timestamp(months_before(found.as_of, _NEW_FOR))]
    told = {customer: f"customer since {day.date()}" for customer, day in new.items()}
    coming = found.prospects.coming
    if "contract_term_ends" in coming:
        soon = coming[(coming["contract_term_ends"] == 1) & (coming["lead"] < found.within_months)]
        ends = soon.drop_duplicates("customer_id").set_index("customer_id")["month"]
        told |= {
            customer: f"contract's term ends in {period_label(month, 'month')}" for customer, month in ends.items()
        }
    return pd.DataFrame({"customer_id": list(told), "fact": list(told.values())})


def lost_partners(found: Churn) -> pd.DataFrame | None:
    """Return who on the other side of each account's lanes left within a year: customer_id, partner_id, left_on."""
    try:
        pairs = partners(found.base.records.tables, found.as_of, found.spells["at_risk_from"].min().date())
    except Refused:  # records that do not tell who receives: the list goes without
        return None
    standing = found.accounts.standing
    lost = standing.loc[standing["standing"] == "called lost", "last_on"].rename("left_on")
    lost = lost[lost >= pd.Timestamp(years_before(found.as_of, 1))]
    return pairs.join(lost, on="partner_id", how="inner")[["customer_id", "partner_id", "left_on"]]


def effect_of_calling(found: Churn, by: str = "") -> CampaignEffect:
    """Return what the randomised campaign in the records changed, by groups of customers known before it.

    Raises
    ------
    Refused
        When the records hold no randomised campaign.

    Notes
    -----
    ``by`` is a column of the customer file, or ``"tie"``: under contract, or not, when the campaign began.
    """
    if "campaigns" not in found.base.records:
        raise Refused("What acting on customers changes needs the table campaigns, with one drawn by lot.")
    campaigns, profiles = found.base.records["campaigns"], found.base.profiles
    known = profiles[[name for name in profiles.columns if name in (*_KNOWN_BEFORE, by)]].reset_index()
    if by == TIE:
        known = known.assign(tie=_ties(found, randomised_arms(campaigns)["started_on"].min(), known["customer_id"]))
    return campaign_effect(campaigns, found.spells, before=known, by=by)


def _ties(found: Churn, day: pd.Timestamp, customers: pd.Series) -> pd.Series:
    """Return who had been under contract by a day, and who was without."""
    records = found.base.records
    if "contracts" not in records:
        return pd.Series("spot", index=customers.index)
    contracts = records["contracts"].select("customer_id", "starts_on").to_pyarrow().to_pandas()
    begun = contracts.loc[pd.to_datetime(contracts["starts_on"]) <= day, "customer_id"]
    return customers.isin(begun).map({True: "contract", False: "spot"})
