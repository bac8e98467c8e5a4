"""The rules of the contract that one value does not show, as conditions in SQL."""

from __future__ import annotations

from sparkify.contract import Field, RecordType
from sparkify.sql.render import quoted, says


def broken_contract(record_type: RecordType) -> str:
    """A condition, in the models' SQL, that holds for the rows of staging that break the contract.

    Bulk loading has already made sure of the types and of all that one value shows by itself.
    """
    faults = [_fault(field) for field in record_type.fields]
    if record_type.required_if:
        name, value, required = record_type.required_if
        fields = [field for field in record_type.fields if field.name in required]
        absent = " OR ".join(_absent(field) for field in fields)
        faults.append(f"({says(quoted(name), value)} AND ({absent}))")
    return " OR ".join(fault for fault in faults if fault)


def _fault(field: Field) -> str:
    faults = [_absent(field)] if field.required else []
    if field.least is not None:
        faults.append(f"{quoted(field.name)} < {field.least}")
    if field.most is not None:
        faults.append(f"{quoted(field.name)} > {field.most}")
    return " OR ".join(faults)


def _absent(field: Field) -> str:
    name = quoted(field.name)
    return (
        f"{name} IS NULL OR RTRIM({name}, ' ') = ''"
        if field.type == "VARCHAR" and not field.may_be_empty
        else f"{name} IS NULL"
    )
