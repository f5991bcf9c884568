# SPDX-License-Identifier: MIT
"""The checks behind tools/tidy, one module each: a check takes the Tree and yields Findings."""
