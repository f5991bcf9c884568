// SPDX-License-Identifier: MIT
#include "filewal/file_wal_storage.hpp"
#include "tenon/storage.hpp"

TENON_STORAGE_PLUGIN(tenon::filewal::FileWalStorage, R"([plugin]
id = dev.tenon.storage.filewal
kind = storage
version = 0.1.0
summary = keeps the Raft log in files of its own format, with one sync for all writes that wait together

[option.segment_bytes]
type = size
default = 64MiB
min = 1MiB
max = 4GiB
help = bytes of a segment of the log; a spare of this size is kept ready, and the disk needs room for it

[metric.sync_duration_seconds]
kind = histogram
help = seconds to write and sync all writes that were waiting together

[metric.syncs_total]
kind = counter
help = syncs of the log file and of the hard state; a hard state takes two

[metric.written_bytes_total]
kind = counter
help = bytes written to the log file and to the hard state, without the filling with zeros

[metric.segments_bytes]
kind = gauge
help = bytes of all segments of the log, the spare excepted

[metric.writes_per_sync]
kind = histogram
help = how many of the node's writes one sync made durable
)")
