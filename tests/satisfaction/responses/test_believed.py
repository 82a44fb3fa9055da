import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clvlab.satisfaction.responses.believed import believed
from clvlab.satisfaction.responses.responses import Response

effects = st.floats(-0.3, 0.3)
errors = st.floats(0.001, 0.5)


@given(effects, errors)
def test_a_single_effect_is_drawn_towards_none_by_the_normal_formula(effect, error):
    mean, covariance = believed([Response(effect, error)], spread=0.1)
    kept = 0.1**2 / (0.1**2 + error**2)
    assert mean[0] == pytest.approx(kept * effect, abs=1e-12)
    assert covariance[0, 0] == pytest.approx(kept * error**2, rel=1e-9)


@given(st.lists(st.tuples(effects, errors), min_size=2, max_size=4), st.randoms())
def test_the_order_of_the_effects_does_not_matter(told, random):
    order = list(range(len(told)))
    random.shuffle(order)
    mean, covariance = believed([Response(*one) for one in told], spread=0.1)
    turned, turned_covariance = believed([Response(*told[place]) for place in order], spread=0.1)
    np.testing.assert_allclose(turned, mean[order], atol=1e-9)
    np.testing.assert_allclose(turned_covariance, covariance[np.ix_(order, order)], atol=1e-9)


@given(st.lists(st.tuples(effects, errors), min_size=1, max_size=4))
def test_the_covariance_is_one(told):
    _, covariance = believed([Response(*one) for one in told], spread=0.1)
    assert np.linalg.eigvalsh(covariance).min() > -1e-12


def test_an_effect_hardly_told_goes_along_with_one_well_told():
    mean, _ = believed([Response(-0.06, 0.005), Response(0.0, 1.0)], spread=0.1)
    # By as much as the prior has in common: 1 less the mean square of a half-normal of 0.5 cut at 1, which is 0.193.
    assert mean[1] == pytest.approx(-0.06 * (1 - 0.193), rel=0.03)


def test_effects_well_told_stay_where_the_records_put_them():
    mean, _ = believed([Response(-0.06, 0.004), Response(0.05, 0.004), Response(0.0, 0.004)], spread=0.1)
    np.testing.assert_allclose(mean, [-0.06, 0.05, 0.0], atol=0.002)


def test_draws_of_effects_from_the_prior_fall_inside_as_often_as_said():
    rng = np.random.default_rng(3)
    held, rounds = 0, 1500
    for _ in range(rounds):
        own = abs(rng.normal(0, 0.05))
        while own > 0.1:
            own = abs(rng.normal(0, 0.05))
        true = rng.normal(0, np.sqrt(0.1**2 - own**2)) + rng.normal(0, own, 3)
        error = np.array([0.01, 0.04, 0.03])
        mean, covariance = believed([Response(*one) for one in zip(rng.normal(true, error), error, strict=True)], 0.1)
        held += int(abs(true[1] - mean[1]) < 1.645 * np.sqrt(covariance[1, 1]))
    assert 0.87 < held / rounds < 0.93
