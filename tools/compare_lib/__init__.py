# SPDX-License-Identifier: MIT
"""What tools/compare is made of."""
