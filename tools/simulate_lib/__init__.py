# SPDX-License-Identifier: MIT
"""What tools/simulate is made of."""
