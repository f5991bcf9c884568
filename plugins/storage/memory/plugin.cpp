// SPDX-License-Identifier: MIT
#include "memory_storage/memory_storage.hpp"
#include "tenon/storage.hpp"

TENON_STORAGE_PLUGIN(tenon::memory_storage::MemoryStorage, R"([plugin]
id = dev.tenon.storage.memory
kind = storage
version = 0.1.0
summary = keeps the Raft log and the images in memory, and nothing when the process ends: for tests and caches
durable = no

[option.bytes_max]
type = size
default = 1GiB
min = 1MiB
max = 1024GiB
help = bytes that the log and the images may take; from three quarters of it on the node refuses what makes it grow

[metric.log_bytes]
kind = gauge
help = bytes that the entries of the log take

[metric.image_bytes]
kind = gauge
help = bytes that the images take
)")
