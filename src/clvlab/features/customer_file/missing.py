"""Missing fields of the customer file, and who owns the accounts that lack them."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import pandas as pd

from clvlab.features.customer_file.shared import NO_MANAGER
from clvlab.features.tables import AnyTable, as_table
from clvlab.refusal import Refused
from clvlab.results import Remarked, Table

# A blank here says that there is none, not that nobody has asked.
BLANK_MEANS_NONE = ("parent_id", "bill_to_id", "referred_by", "requirements")
_NO_FIELDS = ("customer_id", "source_file", "source_row")


class MissingFields(Remarked):
    """Gaps in the customer file by field, and by who owns the accounts.

    Attributes
    ----------
    remarks
        Fields that nobody lacks, and fields left out because a blank there says something.
    """

    title = "Missing fields in the customer file"
    percent = ("share",)

    def __init__(self, cells: pd.DataFrame, remarks: tuple[str, ...]) -> None:
        self._cells = cells
        fields = self.to_frame()
        full = fields.field[fields.missing == 0]
        self.remarks = (*([f"Nowhere missing: {', '.join(full)}."] if len(full) else []), *remarks)

    def cells(self) -> pd.DataFrame:
        """Return one row per field and manager: field, account_manager, customers, missing, share."""
        return self._cells

    def to_frame(self) -> pd.DataFrame:
        """Return one row per field, the worst first.

        field, customers, missing, share; and whose accounts most of the gaps are: most_with, missing_there.
        """
        ranked = self._cells.sort_values(["field", "missing", "account_manager"], ascending=[True, False, True])
        fields = ranked.groupby("field").agg(
            customers=("customers", "sum"),
            missing=("missing", "sum"),
            most_with=("account_manager", "first"),
            missing_there=("missing", "first"),
        )
        fields.insert(2, "share", fields.missing / fields.customers)
        fields["most_with"] = fields.most_with.where(fields.missing > 0, "–")
        return fields.reset_index().sort_values(["missing", "field"], ascending=[False, True], ignore_index=True)

    def by_manager(self) -> Table:
        """Return one row per manager, the one with most gaps per account first, and where they mostly are."""
        ranked = self._cells[self._cells.missing > 0].sort_values(["missing", "field"], ascending=[False, True])
        ranked = ranked.assign(text=ranked.field + " " + ranked.missing.map("{:,}".format))
        often = ranked.groupby("account_manager").text.agg(lambda texts: ", ".join(texts.head(3)))
        people = self._cells.groupby("account_manager").agg(accounts=("customers", "first"), missing=("missing", "sum"))
        people["per_account"] = people.missing / people.accounts
        people["mostly"] = often.reindex(people.index).fillna("–")
        people = people.reset_index().sort_values(
            ["per_account", "account_manager"], ascending=[False, True], ignore_index=True
        )
        return Table(people, "Missing fields by who owns the accounts", decimals=2)

    def _shown(self) -> pd.DataFrame:
        frame = self.to_frame()
        return frame[frame.missing > 0].reset_index(drop=True) if frame.missing.any() else frame


def missing_fields(customers: AnyTable, fields: tuple[str, ...] | None = None) -> MissingFields:
    """Count the customers without each optional field, and by account manager.

    Parameters
    ----------
    customers
        The customer file; without account_manager all accounts are one line.
    fields
        Fields to look for; one that the file lacks is missing for everybody. The file's own columns when
        None, without those in :data:`BLANK_MEANS_NONE`, where a blank says "none".

    Examples
    --------
    >>> file = pd.DataFrame({"customer_id": ["a", "b"], "region": ["east", None], "name": ["A", "B"]})
    >>> missing_fields(file).to_frame()[["field", "missing", "share"]]
        field  missing  share
    0  region        1    0.5
    1    name        0    0.0
    """
    own = [name for name in customers.columns if name not in _NO_FIELDS]
    silent = [name for name in own if name in BLANK_MEANS_NONE] if fields is None else []
    wanted = list(fields) if fields is not None else [name for name in own if name not in silent]
    if not wanted:
        raise Refused("The customer file has no optional fields; map more of its columns to see what is missing.")
    table = as_table(customers, ["customer_id", *own])
    owner = table.account_manager if "account_manager" in table.columns else ibis.literal(None, "string")
    gaps = {f"gap_{i}": _blanks(table, name) for i, name in enumerate(wanted)}
    counts = table.group_by(owner=ibis.ifelse(owner.strip() == "", None, owner).fill_null(NO_MANAGER)).agg(
        customers=table.count(), **gaps
    )
    cells = counts.to_pandas().melt(["owner", "customers"], var_name="gap", value_name="missing")
    cells["field"] = [wanted[int(gap.removeprefix("gap_"))] for gap in cells.gap]
    cells["account_manager"] = cells.owner
    cells["missing"] = cells.missing.astype("int64")
    cells["share"] = cells.missing / cells.customers
    cells = cells.sort_values(["missing", "field", "account_manager"], ascending=[False, True, True], ignore_index=True)
    remarks = (f"Not counted, as a blank there means none: {', '.join(silent)}.",) if silent else ()
    return MissingFields(cells[["field", "account_manager", "customers", "missing", "share"]], remarks)


def _blanks(table: ir.Table, name: str) -> ir.IntegerScalar:
    """Return how many rows have no value, or nothing but spaces, in a column, which may be absent."""
    if name not in table.columns:
        return table.count()
    return (table[name].cast("string").strip() == "").fill_null(True).sum()
