"""What the synthetic city refuses; apart from the city itself, whose making needs libraries that a command may not."""

from __future__ import annotations


class NotEmpty(Exception):
    """The database holds rows that are not this synthetic city's; the text is a Chinese sentence for the operator."""


class UnknownCity(ValueError):
    """No boundaries or township codes for that city; the text is a Chinese sentence that names those there are."""
