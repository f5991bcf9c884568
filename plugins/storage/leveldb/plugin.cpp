// SPDX-License-Identifier: MIT
#include "leveldb_storage/leveldb_storage.hpp"
#include "tenon/storage.hpp"

TENON_STORAGE_PLUGIN(tenon::leveldb_storage::LevelDbStorage, R"([plugin]
id = dev.tenon.storage.leveldb
kind = storage
version = 0.1.0
summary = keeps the Raft log and the images in two LevelDB databases, with one sync for all writes that wait together

[option.write_buffer_bytes]
type = size
default = 16MiB
min = 64KiB
max = 1GiB
help = bytes of the log that lie in memory and in one write-ahead log before they go to a table; up to two such buffers

[option.open_files_max]
type = integer
default = 256
min = 74
max = 50000
help = open files of each of the two databases; a table has about 8 MiB

[option.space_reserve_bytes]
type = size
default = 128MiB
min = 0
max = 1024GiB
help = with less free on the file system the node gives up leadership and refuses growth; the log keeps half from images

[metric.sync_duration_seconds]
kind = histogram
help = seconds to write and sync all writes that were waiting together

[metric.syncs_total]
kind = counter
help = synced batches of writes to the log and the hard state

[metric.written_bytes_total]
kind = counter
help = bytes of the batches of writes, without what LevelDB's compactions write again

[metric.writes_per_sync]
kind = histogram
help = how many of the node's writes one sync made durable

[metric.stalls_total]
kind = counter
help = batches that waited 50 ms or longer beside their sync, because compactions had fallen behind

[metric.stall_seconds_total]
kind = counter
help = seconds that stalled batches waited

[metric.database_bytes]
kind = gauge
help = bytes of the tables of a database, about

[metric.log_files]
kind = gauge
help = tables of the log at a level of LevelDB; from 8 at level 0 writes are slowed down, at 12 they wait
)")
