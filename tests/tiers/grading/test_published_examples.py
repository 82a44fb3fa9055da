"""The kept library gives the published results of AHP, entropy, CRITIC and TOPSIS."""

from __future__ import annotations

import numpy as np
import pytest
from pymcdm.methods import TOPSIS
from pymcdm.normalizations import vector_normalization
from pymcdm.weights import critic_weights, entropy_weights
from pymcdm.weights.subjective import AHP

# Above the diagonal, row by row.
# Saaty (2008), "Decision making with the analytic hierarchy process", Int. J. Services Sciences 1(1): drinks.
DRINKS = [9, 5, 2, 1, 1, 1/2, 1/3, 1/9, 1/9, 1/9, 1/9, 1/3, 1/4, 1/3, 1/9, 1/2, 1, 1/3, 2, 1/2, 1/3]  # fmt: skip
# Saaty (1980), "The Analytic Hierarchy Process": wealth of nations through their world influence.
WEALTH = [4, 9, 6, 6, 5, 5, 7, 5, 5, 3, 4, 1/5, 1/5, 1/7, 1/5, 1, 1/3, 1/3, 1/3, 1/3, 2]  # fmt: skip
# Saaty (1990), EJOR 48(1): buying a house.
HOUSE = [5, 3, 7, 6, 6, 1/3, 1/4, 1/3, 5, 3, 3, 1/5, 1/7, 6, 3, 4, 6, 1/5, 1/3, 1/4, 1/7, 1/8, 1/2, 1/5, 1/6, 1/5,
         1/6, 1/2]  # fmt: skip


def matrix(size: int, above: list[float]) -> np.ndarray:
    found = np.eye(size)
    found[np.triu_indices(size, 1)] = above
    return np.where(found == 0, 1 / np.where(found.T == 0, 1, found.T), found)


@pytest.mark.parametrize(
    ("judged", "weights", "largest", "ratio"),
    [
        (matrix(7, DRINKS), [0.177, 0.019, 0.042, 0.116, 0.190, 0.129, 0.327], None, 0.022),
        (matrix(7, WEALTH), [0.427, 0.230, 0.021, 0.052, 0.052, 0.123, 0.094], 7.61, 0.08),
        (matrix(8, HOUSE), [0.173, 0.054, 0.188, 0.018, 0.031, 0.036, 0.167, 0.333], 9.669, 0.169),
    ],
)
def test_ahp_gives_saatys_weights_and_consistency(judged, weights, largest, ratio):
    process = AHP(matrix=judged)
    assert process() == pytest.approx(weights, abs=6e-4)
    # Random indices differ in the second digit between sources (Saaty's 1.41 for eight, pymcdm's 1.395).
    assert process.get_cr() == pytest.approx(ratio, rel=0.06)
    if largest is not None:
        assert np.linalg.eigvals(judged).real.max() == pytest.approx(largest, abs=0.005)


def test_entropy_weights_are_those_of_xu_2004():
    # Xu, X. (2004), European Journal of Operational Research 156(2).
    table = np.array([[30, 30, 38, 29], [19, 54, 86, 29], [19, 15, 85, 28.9], [68, 70, 60, 29]])
    assert entropy_weights(table) == pytest.approx([0.4630, 0.3992, 0.1378, 0.0000], abs=6e-5)


def test_critic_weights_are_those_of_diakoulaki_1995():
    # Diakoulaki et al. (1995): eight Greek pharmaceutical firms by profitability, market share and productivity.
    table = np.array([[61, 1.08, 4.33], [20.7, 0.26, 4.34], [16.3, 1.98, 2.53], [9, 3.29, 1.65], [5.4, 2.77, 2.33],
                      [4, 4.12, 1.21], [-6.1, 3.52, 2.10], [-34.6, 3.31, 0.98]])  # fmt: skip
    assert critic_weights(table) == pytest.approx([0.202, 0.481, 0.317], abs=6e-4)


def test_critic_weights_are_those_of_tus_and_aytac_adali_2019():
    # Tuş, A. and Aytaç Adalı, E. (2019), Opsearch 56(2): software for time and attendance.
    table = np.array([[5000, 3, 3, 4, 3, 2], [680, 5, 3, 2, 2, 1], [2000, 3, 2, 3, 4, 3], [600, 4, 3, 1, 2, 2],
                      [800, 2, 4, 3, 3, 4]])  # fmt: skip
    assert critic_weights(table) == pytest.approx([0.157, 0.249, 0.168, 0.121, 0.154, 0.151], abs=6e-4)


def test_topsis_gives_hwang_and_yoons_fighter_aircraft():
    # Hwang and Yoon (1981): maximum speed, ferry range, payload, cost, reliability, manoeuvrability.
    table = np.array([[2.0, 1500, 20000, 5.5, 5, 9], [2.5, 2700, 18000, 6.5, 3, 5], [1.8, 2000, 21000, 4.5, 7, 7],
                      [2.2, 1800, 20000, 5.0, 5, 5]])  # fmt: skip
    weights, types = np.array([0.2, 0.1, 0.1, 0.1, 0.2, 0.3]), np.array([1, 1, 1, -1, 1, 1])
    assert TOPSIS(vector_normalization)(table, weights, types) == pytest.approx([0.643, 0.268, 0.613, 0.312], abs=6e-4)


# What the library does not catch, and why the rooms above it look first.


def test_a_constant_column_makes_every_critic_weight_missing():
    with pytest.warns(UserWarning, match="undefined"), np.errstate(invalid="ignore"):
        assert np.isnan(critic_weights(np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]]))).all()


def test_entropy_weights_stop_at_zeros():
    with pytest.raises(ValueError, match="positive"):
        entropy_weights(np.array([[0.0, 1.0], [1.0, 2.0]]))


def test_ahp_takes_no_judgement_between_the_steps_of_the_scale():
    with pytest.raises(ValueError, match="Valid values"):
        AHP(matrix=np.array([[1.0, 1.5], [1 / 1.5, 1.0]]))
