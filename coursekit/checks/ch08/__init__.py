"""Checks of lab 08, what the network predicts: `convert = checks.ch08.convert(convert)`."""

__all__: list[str] = []
