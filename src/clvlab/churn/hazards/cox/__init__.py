"""The Cox model: late entry, covariates that change, strata, errors by customer, competing causes."""
