"""One run: plan, chunks, load, commit."""
