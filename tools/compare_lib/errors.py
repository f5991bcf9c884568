# SPDX-License-Identifier: MIT
"""The one error that a person gets to read."""


class CompareError(Exception):
    """What was found, what was expected, and what to do: one message."""
