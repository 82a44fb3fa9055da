"""Spells that R's survival package gave reference figures for."""

import numpy as np
import pandas as pd
from lifelines import datasets

ROSSI = ["fin", "age", "race", "wexp", "mar", "paro", "prio"]
HEART = ["age", "year", "surgery", "transplant"]
MADE = ["late", "visits", "small"]
LARYNX = ["age", "Stage_II", "Stage_III", "Stage_IV"]


def rossi() -> pd.DataFrame:
    """432 released prisoners, 114 arrests in whole weeks."""
    return datasets.load_rossi().rename(columns={"week": "duration", "arrest": "event"})


def heart() -> pd.DataFrame:
    """103 patients of the Stanford heart transplant programme, in 172 rows: before and after the transplant."""
    names = {"start": "entry", "stop": "duration", "id": "customer_id"}
    return datasets.load_stanford_heart_transplants().rename(columns=names)


def larynx() -> pd.DataFrame:
    """90 patients with cancer of the larynx, and who is above 65."""
    frame = datasets.load_larynx().rename(columns={"time": "duration", "death": "event"})
    return frame.assign(older=(frame["age"] > 65).astype(int))


def lung() -> pd.DataFrame:
    """228 patients with lung cancer."""
    names = {"time": "duration", "status": "event"}
    return datasets.load_lung().rename(columns=names).assign(female=lambda frame: frame["sex"] - 1)


def telco(folder) -> pd.DataFrame:
    """7,043 subscribers, eleven of them in their month 0."""
    raw = pd.read_csv(folder / "telco.csv")
    columns = {
        "duration": raw["tenure"],
        "event": (raw["Churn"] == "Yes").astype(int),
        "charges": raw["MonthlyCharges"],
    }
    columns["one_year"], columns["two_year"] = raw["Contract"] == "One year", raw["Contract"] == "Two year"
    for name, method in {"credit_card": "Credit card", "electronic": "Electronic", "mailed": "Mailed"}.items():
        columns[name] = raw["PaymentMethod"].str.startswith(method)
    return pd.DataFrame(columns)


def made() -> pd.DataFrame:
    """Late entry, ties, customers who return, three causes, three regions, a known part of the hazard.

    Made of fractions of multiples of square roots, which are the same on every machine.
    """
    row = np.arange(1, 901)
    one, two, three, four, five, six = (np.mod(row * np.sqrt(prime), 1) for prime in (2, 3, 5, 7, 11, 13))
    region = np.array(["north", "south", "west"])[(row * 7 % 11) % 3]
    frame = pd.DataFrame({"customer_id": row * 17 % 331, "region": region})
    frame["late"], frame["visits"], frame["small"] = np.round(10 * one, 1), np.floor(4 * two), (three < 0.4).astype(int)
    frame["known"] = np.round(six - 0.5, 2)
    rate = 0.03 * np.exp(0.15 * frame["late"] - 0.3 * frame["visits"] + 0.4 * frame["small"] + frame["known"])
    life = np.ceil(-np.log(four) / (rate * np.where(region == "north", 1, 2)))
    frame["entry"] = np.where(row % 5 < 2, np.floor(30 * five**2), 0)
    frame["duration"] = np.minimum(life, 6 + row % 47)
    frame["event"] = (life <= 6 + row % 47).astype(int)
    frame["cause"] = pd.Series(np.array(["service", "price", "rival"])[row * 13 % 3]).where(frame["event"] == 1)
    return frame[frame["duration"] > frame["entry"]].reset_index(drop=True)
