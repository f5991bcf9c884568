# SPDX-License-Identifier: MIT
"""What tools/cluster and tools/failover are made of."""
