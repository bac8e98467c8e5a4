"""The models in .sql files, and how they are rendered for an engine."""
