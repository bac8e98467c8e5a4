"""What is read from a warehouse: counts, answers, lineage, comparison, pictures."""
