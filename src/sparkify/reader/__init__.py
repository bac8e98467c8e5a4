"""Bytes to records: the fast proof, the framing of records, and the validation field by field."""
