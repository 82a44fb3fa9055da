"""Spells that several tests read: a simulated market, and extracts of data that ship with R's survival package."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

VETERAN_DAYS = """
72 411 228 126 118 10 82 110 314 100 42 8 144 25 11 30 384 4 54 13 123 97 153 59 117 16 151 22 56 21 18 139 20 31 52
287 18 51 122 27 54 7 63 392 10 8 92 35 117 132 12 162 3 95 177 162 216 553 278 12 260 200 156 182 143 105 103 250
100 999 112 87 231 242 991 111 1 587 389 33 25 357 467 201 1 30 44 283 15 25 103 21 13 87 2 20 7 24 99 8 99 61 25 95
80 51 29 24 18 83 31 51 90 52 73 8 36 48 7 140 186 84 19 45 80 52 164 19 53 15 43 340 133 111 231 378 49
"""
MGUS2_MONTHS = """
30 57 34 115 26 98 159 84 3 76 14 1 3 1 76 108 1 41 24 213 146 74 90 40 59 93 190 71 270 48 103 9 1 38 40 83 29 2
225 350 223 107 192 161 54 3 394 97 214 93 77 49 184 25 78 140 13 114 8 22 75 155 328 28 133 226 29 155 272 103 114
77 227 117 128 169 88 79 191 157 1 170 113 1 96 175 100 101 280 112 58 88 11 12 51 105 90 82 53 265 73 27 164 25 73
124 195 10 6 58 68 46 136 110 72 111 210 33 99 7 1 294 60 71 173 57 68 64 52 139 209 111 2 173 22 3 240 103 201 4 91
259 21 20 24 150 82 226 10 183 124 2 100 129 70 174 195 2 71 69 106 147 93 24 135 27 138 121 109 104 85 59 67
"""


@pytest.fixture(scope="session")
def market() -> pd.DataFrame:
    """300 spells of 155 customers with late entry, heavy ties and three causes.

    R reads them by `m <- read.csv("market.csv"); m$late <- ifelse(m$entry == 0, -1, m$entry); m$row <- 1:300;
    m$c <- factor(ifelse(m$event == 1, m$cause, "cens"), levels=c("cens", "credit", "price", "service"))`.
    """
    rng = np.random.default_rng(7)
    customer = rng.integers(0, 200, 300)
    entry = np.where(rng.random(300) < 0.4, np.round(rng.exponential(3, 300) * 2) / 2, 0.0)
    left = entry + np.ceil(rng.exponential(6, 300) * 2) / 2
    seen = entry + np.ceil(rng.uniform(1, 12, 300) * 2) / 2
    cause = rng.choice(["service", "price", "credit"], 300, p=[0.5, 0.3, 0.2])
    event = (left <= seen).astype(int)
    return pd.DataFrame(
        {
            "customer_id": customer,
            "entry": entry,
            "duration": np.minimum(left, seen),
            "event": event,
            "cause": np.where(event == 1, cause, None),
            "segment": rng.choice(["a", "b", "c"], 300),
        }
    )


@pytest.fixture(scope="session")
def each_alone(market: pd.DataFrame) -> pd.DataFrame:
    """The market with every spell a customer of its own."""
    return market.drop(columns="customer_id")


@pytest.fixture(scope="session")
def lung() -> pd.DataFrame:
    """Survival of 228 patients in days, as lifelines ships it."""
    from lifelines.datasets import load_lung

    return load_lung().rename(columns={"time": "duration", "status": "event"})


@pytest.fixture(scope="session")
def telco(shared_data) -> pd.DataFrame:
    """7,043 subscribers, months, eleven of them with 0."""
    frame = pd.read_csv(shared_data / "telco.csv")
    return frame.assign(duration=frame["tenure"], event=(frame["Churn"] == "Yes").astype(int))


@pytest.fixture(scope="session")
def veteran() -> pd.DataFrame:
    """R's `veteran`: 137 patients with lung cancer (Kalbfleisch and Prentice), days, by cell type and treatment."""
    censored = [9, 13, 20, 21, 63, 71, 72, 90, 109]
    cells = np.repeat(["squamous", "smallcell", "adeno", "large"] * 2, [15, 30, 9, 15, 20, 18, 18, 12])
    frame = pd.DataFrame({"duration": np.array(VETERAN_DAYS.split(), dtype=float), "event": 1, "celltype": cells})
    frame.loc[censored, "event"] = 0
    return frame.assign(trt=np.repeat([1, 2], [69, 68]))


@pytest.fixture(scope="session")
def mgus2() -> pd.DataFrame:
    """Every eighth row of R's `mgus2`: months to plasma cell malignancy or to death, whichever came first."""
    ends = (
        "202222022212220222200222201202222221220020222202220222222022200200220002021221222222200000022212002022021202"
        "22022220012220022120000120122202201221002202020002222202220000002"
    )
    sex = (
        "FFFFFFFFMMFMMFMMMFMFMMMMMFMFFFFFMMMFMFMFFFMFMMFMMFFFFMFFFFFFFFFMFMFMMFFMFFFMMMFFFFMMMFFFFFMFMFMMFMMFMMFMFMMM"
        "MMMMMFMMMMFMMFMFFMMMFFMFMFFMFMMMMFFFFFFMFMMFFMMMMMMMMMFMMMMMFMFMF"
    )
    end = np.array(list(ends), dtype=int)
    return pd.DataFrame(
        {
            "duration": np.array(MGUS2_MONTHS.split(), dtype=float),
            "event": (end > 0).astype(int),
            "cause": np.array([None, "malignancy", "death"], dtype=object)[end],
            "sex": list(sex),
        }
    )
