"""Every published figure, from three starting points."""

import pandas as pd
import pytest

from clvlab.clv import (
    BGBB,
    BGNBD,
    MBGNBD,
    BetaDiscreteWeibull,
    GammaGamma,
    ParetoNBD,
    ShiftedBetaGeometric,
)
from clvlab.features import transaction_summary

CDNOW = {
    BGNBD: ({"r": "0.2426", "alpha": "4.4135", "a": "0.7929", "b": "2.4258"}, "-9582.4256"),
    ParetoNBD: ({"r": "0.5533", "alpha": "10.578", "s": "0.6062", "beta": "11.668"}, "-9594.974"),
    MBGNBD: ({"r": "0.5248", "alpha": "6.183", "a": "0.8914", "b": "1.6140"}, "-9582.1327"),
}
STARTS = [(1.0, 1.0, 1.0, 1.0), (0.05, 40.0, 0.05, 30.0), (8.0, 90.0, 4.0, 0.5)]
REGULAR, HIGH_END = [1000, 631, 468, 382, 326, 289, 262, 241], [1000, 869, 743, 653, 593, 551, 517, 491]
CONTRACTS = [
    (ShiftedBetaGeometric, REGULAR, {"alpha": "0.704", "beta": "1.182"}, "-1680.265"),
    (ShiftedBetaGeometric, HIGH_END, {"alpha": "0.668", "beta": "3.806"}, "-1611.158"),
    (BetaDiscreteWeibull, REGULAR, {"alpha": "0.4556", "beta": "0.7793", "c": "1.2835"}, "-1679.603"),
    (BetaDiscreteWeibull, HIGH_END, {"alpha": "0.2143", "beta": "1.4266", "c": "1.7236"}, "-1605.314"),
]


def assert_printed(value, printed: str) -> None:
    """Fail unless the value agrees with all digits printed."""
    digits = len(printed.split(".")[1])
    assert abs(float(value) - float(printed)) <= 0.5001 * 10**-digits, (value, printed)


def assert_fit(fit, params: dict[str, str], log_likelihood: str) -> None:
    assert list(fit.params_.index) == list(params)
    for name, printed in params.items():
        assert_printed(fit.params_[name], printed)
    assert_printed(fit.log_likelihood_, log_likelihood)
    assert fit.diagnostics_["converged"]
    assert fit.diagnostics_["flat_direction"] == ""


@pytest.fixture(scope="module")
def cdnow(shared_data) -> pd.DataFrame:
    return pd.read_csv(shared_data / "cdnow_sample_summary.csv").set_index("ID")


@pytest.fixture(scope="module")
def donors(shared_data) -> pd.DataFrame:
    return pd.read_csv(shared_data / "donations.csv").rename(columns={"periods": "T"})


@pytest.mark.parametrize("start", [None, *STARTS])
@pytest.mark.parametrize("model", list(CDNOW))
def test_cdnow(cdnow, model, start):
    assert_fit(model().fit(cdnow, start=start and dict(zip(model.parameters, start, strict=True))), *CDNOW[model])


def test_what_is_printed_beside_the_parameters(cdnow):
    bg, pareto = BGNBD().fit(cdnow), ParetoNBD().fit(cdnow)
    one = pd.DataFrame({"frequency": [2], "recency": [30.43], "T": [38.86]})
    assert_printed(bg.expected_purchases(one, horizon=39).iloc[0], "1.226")
    for name, printed in {"r": "0.0476", "alpha": "0.8427", "s": "0.1873", "beta": "6.2105"}.items():
        # The beta error differs in its fourth digit with the last digits of the estimate.
        assert pareto.standard_errors_[name] == pytest.approx(float(printed), abs=6e-4)
    one = pd.DataFrame({"frequency": [26], "recency": [30.86], "T": [31]})
    assert_printed(pareto.expected_purchases(one, horizon=52).iloc[0], "25.46")
    assert_printed(pareto.probability_alive(one).iloc[0], "0.9979")


@pytest.mark.parametrize("start", [None, *STARTS])
def test_donations(donors, start):
    fit = BGBB().fit(donors, weights="weights", start=start and dict(zip(BGBB.parameters, start, strict=True)))
    assert_fit(fit, {"alpha": "1.204", "beta": "0.750", "gamma": "0.657", "delta": "2.783"}, "-33225.581")
    assert_printed(fit.expected_purchases(donors, horizon=5) @ donors.weights, "12884.2")


@pytest.mark.parametrize("start", [None, (1.0, 1.0, 1.0), (0.1, 5.0, 0.5), (20.0, 20.0, 2.0)])
@pytest.mark.parametrize(("model", "survivors", "params", "log_likelihood"), CONTRACTS)
def test_contracts(model, survivors, params, log_likelihood, start):
    given = start and dict(zip(params, start[: len(params)], strict=True))
    assert_fit(model().fit(survivors, start=given), params, log_likelihood)


@pytest.fixture(scope="module")
def spend(shared_data) -> pd.DataFrame:
    """The summary that the note fits: purchases of one day merged, mean value of the repeat days."""
    log = pd.read_csv(shared_data / "cdnow.csv", dtype={"customer_id": str})
    sample = pd.read_csv(shared_data / "cdnow_sample_ids.csv", dtype=str).customer_id
    return transaction_summary(log[log.customer_id.isin(sample)], value="amount", as_of="1997-09-30", merge="day")


@pytest.mark.parametrize("start", [None, (1.0, 1.0, 1.0), (20.0, 20.0, 100.0), (3.0, 1.2, 0.5)])
def test_spend(spend, start):
    fit = GammaGamma().fit(spend, start=start and dict(zip("pqv", start, strict=True)))
    assert fit.customers == 946
    assert_fit(fit, {"p": "6.25", "q": "3.74", "v": "15.44"}, "-4055.92")
