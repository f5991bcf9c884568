// SPDX-License-Identifier: MIT
#include "sample_storage.hpp"

TENON_STORAGE_PLUGIN(sample_storage::SampleStorage, R"([plugin]
id = org.example.storage.sample
kind = storage
version = 0.1.0
summary = keeps the Raft log in one file that only grows, and is written anew when most of it is dead

[option.dead_bytes_max]
type = size
default = 64MiB
min = 4KiB
help = the file is written anew when it has this much more than twice the bytes that are alive

[option.space_reserve]
type = size
default = 64MiB
help = with less free room on the disk the node takes no more data, though deletes and images go on

[metric.syncs_total]
kind = counter
help = syncs of the journal; each made all writes durable that waited together

[metric.journal_bytes]
kind = gauge
help = bytes of the journal
)")
