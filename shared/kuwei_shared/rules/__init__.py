"""The rule language, and how a catalogue in it becomes one SQL statement."""
