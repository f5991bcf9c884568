// SPDX-License-Identifier: MIT
// How a start finds the newest image: loaded, passed over while the log is whole, or refused with the reason.
#include "fake_logger.hpp"
#include "host/storage_session.hpp"
#include "kv/image.hpp"
#include "support/catch.hpp"
#include "support/memory_storage.hpp"
#include "tenon/client_api.h"
#include "tenon/host.hpp"
#include "wire/entry_data.hpp"
#include "wire/hard_state.hpp"
#include "wire/image.hpp"

namespace tenon::host {
namespace {

using support::MemoryStorage;

const raft::Membership kMembers{{{raft::NodeId(1)}}};
const StorageBoot kExisting{std::nullopt, 64u << 20, "cluster"};

node::Recovered boot(MemoryStorage& storage, FakeLogger& logger) {
  StorageSession session({storage.table(), storage.self()}, logger);
  return session.boot(kExisting, [] { return false; });
}

Error refusal(MemoryStorage& storage) {
  FakeLogger logger;
  try {
    boot(storage, logger);
  } catch (const Error& error) {
    return error;
  }
  FAIL("the boot was not refused");
  return Error(TENON_OK, "");
}

// An image of `index` in which one key is there.
MemoryStorage::StoredImage image_of(std::uint64_t index, const std::string& cluster = "cluster") {
  kv::Store store;
  kv::Command command;
  kv::Operation put;
  put.kind = TENON_PUT;
  put.key = "key";
  put.value = "of the image";
  command.operations.push_back(put);
  store.begin_entry(5);
  store.apply(command);
  const std::shared_ptr<const kv::Snapshot> snapshot = store.pin();
  wire::ImageHeader header;
  header.id = {1, 2, 3};
  header.cluster_id = cluster;
  header.index = raft::LogIndex(index);
  header.term = raft::Term(2);
  header.membership = kMembers;
  header.raw_bytes = snapshot->image_bytes();
  wire::ImageEncoder encoder(header, 1);
  MemoryStorage::StoredImage image{header.id, index, {}, true};
  encoder.begin(image.bytes);
  std::string raw;
  kv::ImageSource source(snapshot);
  while (source.next(raw, 1000)) {
  }
  encoder.add(raw, image.bytes);
  encoder.finish(image.bytes);
  return image;
}

// A log of the entries [first, last] of one term, and an image.
void fill(MemoryStorage& storage, std::uint64_t first, std::uint64_t last, std::uint64_t term,
          MemoryStorage::StoredImage image) {
  storage.hard_state() = wire::encode_hard_state({raft::Term(3), raft::NodeId(1)});
  for (std::uint64_t index = first; index <= last; ++index) {
    storage.entries()[index] = {term, index == 1 ? wire::encode_membership(kMembers) : wire::encode_no_op()};
  }
  storage.images().push_back(std::make_shared<MemoryStorage::StoredImage>(std::move(image)));
}

TEST_CASE("a start goes on from the image, with the log behind it") {
  MemoryStorage storage(MemoryStorage::Mode::immediate);
  fill(storage, 1, 9, 2, image_of(6));
  FakeLogger logger;
  const node::Recovered recovered = boot(storage, logger);
  CHECK(recovered.raft.log.boundary() == raft::LogIndex(6));
  CHECK(recovered.raft.log.last_index() == raft::LogIndex(9));
  CHECK(recovered.store.key_count() == 1);
  CHECK(recovered.membership == kMembers);
  CHECK(recovered.raft.last_sequence == raft::WriteSequence());
}

TEST_CASE("a log that ends before the image, or holds another entry at its end, is emptied by the first write") {
  MemoryStorage storage(MemoryStorage::Mode::immediate);
  SECTION("before") { fill(storage, 1, 4, 2, image_of(6)); }
  SECTION("another") { fill(storage, 1, 9, 1, image_of(6)); }
  FakeLogger logger;
  const node::Recovered recovered = boot(storage, logger);
  CHECK(recovered.raft.log.last_index() == raft::LogIndex(6));
  CHECK(recovered.raft.last_sequence == raft::WriteSequence(1));
  CHECK(storage.entries().empty());
  const node::Recovered again = boot(storage, logger);
  CHECK(again.raft.log.last_index() == raft::LogIndex(6));
  CHECK(again.raft.last_sequence == raft::WriteSequence());
}

TEST_CASE("an image that is damaged anywhere is passed over while the log is whole, and refused with its offset else") {
  const MemoryStorage::StoredImage good = image_of(6);
  for (std::size_t at = 0; at < good.bytes.size(); at += 7) {
    MemoryStorage::StoredImage damaged = good;
    damaged.bytes[at] = static_cast<char>(damaged.bytes[at] ^ 0x10);
    CAPTURE(at);
    MemoryStorage whole(MemoryStorage::Mode::immediate);
    fill(whole, 1, 9, 2, damaged);
    FakeLogger logger;
    const node::Recovered recovered = boot(whole, logger);
    CHECK(recovered.raft.log.boundary() == raft::LogIndex());
    CHECK(recovered.store.key_count() == 0);
    MemoryStorage shortened(MemoryStorage::Mode::immediate);
    fill(shortened, 7, 9, 2, damaged);
    const Error error = refusal(shortened);
    CHECK(error.code() == TENON_ERROR_CORRUPT);
    CHECK(std::string(error.what()).find("the image of index 6") != std::string::npos);
    CAPTURE(error.what());
    CHECK(std::string(error.what()).find("offset") != std::string::npos);
    CHECK(shortened.entries().size() == 3);
  }
}

TEST_CASE("an image of another cluster, and a log that does not reach back to the image, are refused") {
  MemoryStorage other(MemoryStorage::Mode::immediate);
  fill(other, 1, 9, 2, image_of(6, "elsewhere"));
  CHECK(refusal(other).code() == TENON_ERROR_INVALID);
  MemoryStorage gap(MemoryStorage::Mode::immediate);
  fill(gap, 8, 9, 2, image_of(6));
  const Error error = refusal(gap);
  CHECK(error.code() == TENON_ERROR_CORRUPT);
  CHECK(std::string(error.what()).find("index 8 comes") != std::string::npos);
}

}  // namespace
}  // namespace tenon::host
