"""Composed calls with exact references: voices, dialogues, composition, degradation, files."""
