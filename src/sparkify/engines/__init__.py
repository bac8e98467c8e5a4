"""The warehouses: what each can do, what its SQL looks like, and how a statement is run there."""
