"""The same fits by R itself, on data that comes with it; skipped where R and its survival package are absent."""

import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from clvlab.churn.hazards.cox.model import cox

SCRIPT = """
library(survival)
args <- commandArgs(trailingOnly = TRUE)
save <- function(name, data, fit) {
  write.csv(data, file.path(args[1], paste0(name, ".csv")), row.names = FALSE)
  model <- sqrt(diag(if (is.null(fit$naive.var)) fit$var else fit$naive.var))
  base <- basehaz(fit, centered = FALSE)$hazard
  figures <- c(fit$loglik, coef(fit), model, sqrt(diag(fit$var)), cox.zph(fit)$table[, 1], max(base))
  writeLines(format(figures, digits = 15), file.path(args[1], paste0(name, ".txt")))
}
v <- veteran; v$id <- 1:nrow(v)
save("veteran", v, coxph(Surv(time, status) ~ trt + karno + age + prior + strata(celltype), v, cluster = id))
p <- pbc[!is.na(pbc$trt), ]; p$died <- as.integer(p$status == 2); p$logbili <- log(p$bili)
save("pbc", p, coxph(Surv(time, died) ~ trt + age + edema + logbili + albumin, p, cluster = id))
save("bladder2", bladder2, coxph(Surv(start, stop, event) ~ rx + number + size + strata(enum), bladder2, cluster = id))
save("cgd", transform(cgd, drug = as.integer(treat == "rIFN-g"), hospital = as.character(hos.cat)),
  coxph(Surv(tstart, tstop, status) ~ I(treat == "rIFN-g") + age + steroids + strata(hos.cat), cgd, cluster = id))
m <- mgus2[!is.na(mgus2$hgb + mgus2$mspike), ]; m <- m[m$futime > 0, ]; m$old <- m$age + m$futime / 12
save("mgus2", m, coxph(Surv(age, old, death) ~ hgb + mspike + strata(sex), m, cluster = id))
s <- subset(pbcseq, !is.na(bili + albumin)); last <- !duplicated(s$id, fromLast = TRUE)
s$stop <- ifelse(last, s$futime, c(s$day[-1], NA)); s$died <- as.integer(last & s$status == 2); s <- s[s$stop > s$day, ]
s$logbili <- log(s$bili)
save("pbcseq", s, coxph(Surv(day, stop, died) ~ logbili + albumin + age, s, cluster = id))
"""

CASES = {
    "veteran": ({"time": "duration", "status": "event"}, ["trt", "karno", "age", "prior"], "celltype"),
    "pbc": ({"time": "duration", "died": "event"}, ["trt", "age", "edema", "logbili", "albumin"], ()),
    "bladder2": ({"start": "entry", "stop": "duration"}, ["rx", "number", "size"], "enum"),
    "cgd": ({"tstart": "entry", "tstop": "duration", "status": "event"}, ["drug", "age", "steroids"], "hospital"),
    "mgus2": ({"age": "entry", "old": "duration", "death": "event"}, ["hgb", "mspike"], "sex"),
    "pbcseq": ({"day": "entry", "stop": "duration", "died": "event"}, ["logbili", "albumin", "age"], ()),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What R wrote: for each case its data, and log-likelihoods, coefficients, errors, tests, highest baseline."""
    if not shutil.which("Rscript"):
        pytest.skip("R is not installed")
    place = tmp_path_factory.mktemp("r")
    (place / "fits.R").write_text(SCRIPT)
    command = ["Rscript", place / "fits.R", place]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if "no package called" in ran.stderr:
        pytest.skip("R's survival package is not installed")
    assert ran.returncode == 0, ran.stderr
    return place


@pytest.mark.parametrize("case", CASES)
def test_a_fit_is_that_of_r(folder, case):
    names, covariates, strata = CASES[case]
    rows = pd.read_csv(folder / f"{case}.csv").rename(columns=names).rename(columns={"id": "customer_id"})
    fit = cox(rows, covariates, strata=strata, cluster="customer_id")
    ours = [
        *(fit.log_likelihood_null_, fit.log_likelihood_),
        *fit.params_,
        *fit.standard_errors_,
        *fit.robust_standard_errors_,
        *fit.proportional_hazards().to_frame()["statistic"],
        fit.baseline_["cumulative_hazard"].max(),
    ]
    np.testing.assert_allclose(ours, np.loadtxt(folder / f"{case}.txt"), rtol=2e-6)
