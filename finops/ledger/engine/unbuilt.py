"""Which rows a question about names and prices has to read: those that no build has seen, as long as none was taken back."""

from __future__ import annotations

from finops.ledger.engine.database import Readable


class Unbuilt:
    """What is known of the rows before is in the ledger already; so a build after one new day reads that day. Where rows were
    taken back since the last build, or `everything` is asked anew, it is all rows."""

    def __init__(self, database: Readable, *, everything: bool) -> None:
        rows = database.query(
            "SELECT batch_id, contract, superseded_by IS NOT NULL AS gone FROM batch WHERE NOT built ORDER BY batch_id"
        )
        self._everything = everything
        self._gone = frozenset(row["contract"] for row in rows if row["gone"])
        self._new: dict[str, list[int]] = {}
        for row in rows:
            if not row["gone"]:
                self._new.setdefault(row["contract"], []).append(int(row["batch_id"]))

    def is_all(self, contract: str) -> bool:
        """Whether all rows of the contract have to be read."""
        return self._everything or contract in self._gone

    def rows(self, contract: str) -> str:
        """The condition on the contract's `batch_id`."""
        if self.is_all(contract):
            return "TRUE"
        new = self._new.get(contract, ())
        return f"batch_id BETWEEN {new[0]} AND {new[-1]} AND batch_id IN ({', '.join(map(str, new))})" if new else "FALSE"
