"""Aalen-Johansen agrees with R's survival 3.5, with late entry, ties, clusters and three causes."""

import numpy as np
import pandas as pd
import pytest

from clvlab.churn.curves.incidence import cumulative_incidence
from clvlab.churn.curves.survival import survival_curve
from clvlab.refusal import Refused

ESTIMATES = ["incidence", "standard_error", "lower", "upper"]


def estimates(found: pd.DataFrame, cause: str, **group: str) -> pd.DataFrame:
    rows = found["cause"] == cause
    for name, value in group.items():
        rows &= found[name] == value
    return found.loc[rows, ESTIMATES]


# R: summary(survfit(Surv(late, duration, c) ~ 1, m, id=row, conf.type="log-log"), times=c(2, 5, 9))
ALONE = {
    "credit": [
        [0.0362164048, 0.01262055101, 0.01696476279, 0.06714171583],
        [0.1060670171, 0.02009310479, 0.07083063050, 0.14934633790],
        [0.1495468100, 0.02360850170, 0.10686635211, 0.19896811171],
    ],
    "price": [
        [0.0834679814, 0.01896305481, 0.05125229344, 0.1254750769],
        [0.1654807762, 0.02461245087, 0.12058981141, 0.2165827021],
        [0.2188993993, 0.02747781932, 0.16759336606, 0.2747198454],
    ],
    "service": [
        [0.1774243724, 0.02646935913, 0.1290200419, 0.2321908799],
        [0.3043519457, 0.03049942645, 0.2458273815, 0.3647590137],
        [0.4395737750, 0.03329576183, 0.3735660718, 0.5035228215],
    ],
}

# R: the same with ~ segment, segment b at 3 and 8
SEGMENT_B = {
    "credit": [
        [0.06224381733, 0.03051659349, 0.01974508781, 0.1402376949],
        [0.13691525364, 0.04281895664, 0.06678098826, 0.2320256632],
    ],
    "service": [
        [0.2465853117, 0.05671696241, 0.14487309348, 0.3625418883],
        [0.4878809861, 0.06440889143, 0.35728292505, 0.6062617823],
    ],
}

# R reports several spells of one customer as independent when each has an id of its own, so from its influence:
# k <- survfit(Surv(late, duration, c) ~ 1, m, id=row, influence=TRUE)
# i <- findInterval(c(2, 5, 9), k$time) + 1
# sqrt(colSums(rowsum(k$influence.pstate[, i[1], ], m$customer_id)^2)), alike i[2], i[3]
CLUSTERED_ERRORS = {
    "credit": [0.01217541937, 0.02061755188, 0.02297713434],
    "price": [0.02131463644, 0.02590778048, 0.03095511847],
    "service": [0.02544112223, 0.02922996278, 0.03295118731],
}

# R: summary(survfit(Surv(time, factor(end)) ~ sex, mgus2[seq(1, 1384, 8), ], conf.type="log-log"),
#            times=c(60, 120, 240))
MGUS2 = {
    ("F", "malignancy"): [
        [0.03571428571, 0.02024809677, 0.009551009195, 0.09187750360],
        [0.07705388549, 0.03050341943, 0.031136410768, 0.15050120391],
        [0.11427431011, 0.03890774555, 0.052312910921, 0.20296629643],
    ],
    ("M", "death"): [
        [0.3597586350, 0.05089539409, 0.2616244496, 0.4586512474],
        [0.5960041007, 0.05480400117, 0.4804191932, 0.6939749837],
        [0.7847137217, 0.05587162893, 0.6497906078, 0.8725489617],
    ],
}


@pytest.mark.parametrize("cause", ALONE)
def test_late_entry_ties_and_three_causes_agree_with_r(each_alone, cause):
    found = cumulative_incidence(each_alone).at([2, 5, 9])
    np.testing.assert_allclose(estimates(found, cause), ALONE[cause], rtol=1e-8)


@pytest.mark.parametrize("cause", SEGMENT_B)
def test_groups_agree_with_r(each_alone, cause):
    found = cumulative_incidence(each_alone, by="segment").at([3, 8])
    np.testing.assert_allclose(estimates(found, cause, group="b"), SEGMENT_B[cause], rtol=1e-8)


@pytest.mark.parametrize("cause", CLUSTERED_ERRORS)
def test_errors_with_several_spells_per_customer_agree_with_rs_influence(market, cause):
    found = cumulative_incidence(market)
    errors = estimates(found.at([2, 5, 9]), cause)["standard_error"]
    np.testing.assert_allclose(errors, CLUSTERED_ERRORS[cause], rtol=1e-8)
    assert "155 customers" in found.remarks[0]


@pytest.mark.parametrize(("sex", "cause"), MGUS2)
def test_mgus2_agrees_with_r(mgus2, sex, cause):
    found = cumulative_incidence(mgus2, by="sex").at([60, 120, 240])
    np.testing.assert_allclose(estimates(found, cause, group=sex), MGUS2[sex, cause], rtol=1e-8)


def test_the_survival_beside_the_incidences_is_kaplan_meiers(each_alone):
    found = cumulative_incidence(each_alone).to_frame()
    curve = survival_curve(each_alone).to_frame()
    for _, rows in found.groupby("cause"):
        assert rows["survival"].tolist() == curve["survival"].tolist()
        assert rows["at_risk"].tolist() == curve["at_risk"].tolist()
    assert found["events"].sum() == curve["events"].sum()


def test_one_minus_a_cause_specific_kaplan_meier_overstates_every_cause(each_alone):
    found = cumulative_incidence(each_alone).at(9).set_index("cause")["incidence"]
    for cause in found.index:
        alone = each_alone.assign(event=(each_alone["cause"] == cause).astype(int))
        assert 1 - survival_curve(alone).at(9)["survival"].iloc[0] > found[cause] + 0.05


def test_events_without_a_cause_count_as_unknown():
    frame = pd.DataFrame({"duration": [1.0, 2, 3, 4], "event": [1, 1, 1, 0], "cause": ["price", None, "", "service"]})
    found = cumulative_incidence(frame)
    assert found.at(3)[["cause", "incidence"]].values.tolist() == [["price", 0.25], ["unknown", 0.5]]
    assert found.remarks == ("2 of 3 events have no cause; they count as unknown.",)


def test_every_group_has_every_cause():
    frame = pd.DataFrame({"duration": [1.0, 2], "event": 1, "cause": ["price", "rival"], "segment": ["a", "b"]})
    found = cumulative_incidence(frame, by="segment").at(5).set_index(["group", "cause"])["incidence"]
    assert found.to_dict() == {("a", "price"): 1, ("a", "rival"): 0, ("b", "price"): 0, ("b", "rival"): 1}


def test_there_is_no_interval_at_0_nor_at_1():
    frame = pd.DataFrame({"duration": [1.0, 2, 3], "event": 1, "cause": ["price", "price", "price"]})
    found = cumulative_incidence(frame).to_frame()
    assert found["incidence"].tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert found["lower"].isna().tolist() == [False, False, False, True]


def test_what_has_no_cause_to_tell_is_refused(lung):
    with pytest.raises(Refused, match="has no column 'cause'"):
        cumulative_incidence(lung)
    with pytest.raises(Refused, match="Nobody has left so far"):
        cumulative_incidence(lung.assign(event=0, cause=None))
