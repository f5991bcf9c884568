// SPDX-License-Identifier: MIT
// Storage that a test does by hand.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "node/storage_port.hpp"
#include "raft/types.hpp"
#include "support/catch.hpp"
#include "tenon/bytes.hpp"

namespace tenon::node {

// Storage whose test decides when a write is durable and when a read is answered. It keeps the pointers that it is
// lent, as a plugin may, so that memory given back too early shows under the address sanitizer.
class ManualStorage {
 public:
  ManualStorage() {
    table_.struct_size = sizeof table_;
    table_.write = [](void* self, const tenon_write* write) {
      auto& storage = *static_cast<ManualStorage*>(self);
      REQUIRE(write->sequence == ++storage.last_sequence);
      storage.queued.push_back(write);
    };
    table_.read_entries = [](void* self, std::uint64_t request, std::uint64_t first, std::uint64_t end, std::uint64_t) {
      auto& storage = *static_cast<ManualStorage*>(self);
      storage.reads.push_back({request, first, end});
    };
    fill_image_table();
  }
  StoragePort port() noexcept { return {&table_, this}; }

  struct Read {
    std::uint64_t request, first, end;
  };
  struct Stored {
    std::uint64_t term;
    std::string data;
  };
  // Makes the oldest queued write durable; returns its sequence.
  raft::WriteSequence sync_one() {
    REQUIRE_FALSE(queued.empty());
    const tenon_write& write = *queued.front();
    if ((write.parts & TENON_WRITE_HARD_STATE) != 0) hard_state = view(write.hard_state);
    if ((write.parts & TENON_WRITE_TRUNCATE_SUFFIX) != 0) {
      log.erase(log.lower_bound(write.truncate_from), log.end());
    }
    for (std::uint64_t i = 0; i < write.entry_count; ++i) {
      const tenon_entry& entry = write.entries[i];
      log[entry.index] = {entry.term, std::string(view(entry.data))};
    }
    if ((write.parts & TENON_WRITE_COMPACT_PREFIX) != 0) {
      log.erase(log.begin(), log.upper_bound(write.compact_to));
      compacted_to = std::max(compacted_to, write.compact_to);
    }
    queued.pop_front();
    return raft::WriteSequence(write.sequence);
  }

  struct StoredImage {
    tenon_image name;
    std::string bytes;
    bool is_committed = false;
  };

  std::deque<const tenon_write*> queued;
  std::uint64_t last_sequence = 0;
  std::deque<Read> reads;
  std::string hard_state;
  std::map<std::uint64_t, Stored> log;
  std::uint64_t compacted_to = 0;
  raft::LogIndex last_index() const { return raft::LogIndex(log.empty() ? compacted_to : log.rbegin()->first); }
  std::optional<StoredImage> newest_image;
  std::optional<StoredImage> unfinished_image;
  tenon_error image_write_error = TENON_OK;   // what every write of an image returns
  tenon_error image_commit_error = TENON_OK;  // what every commit returns
  int open_images = 0;                        // handles

 private:
  // A handle holds a copy, or writes through to the unfinished image.
  struct ImageHandle {
    ManualStorage& storage;
    std::optional<StoredImage> copy;
    std::string& bytes() { return copy ? copy->bytes : storage.unfinished_image->bytes; }
  };
  static ImageHandle& handle_of(void* handle) { return *static_cast<ImageHandle*>(handle); }
  void fill_image_table() {
    table_.image_create = [](void* self, tenon_image* image, void** handle, tenon_detail*) {
      auto& storage = *static_cast<ManualStorage*>(self);
      auto& unfinished = storage.unfinished_image;
      if (!unfinished || !std::equal(image->id, image->id + 16, unfinished->name.id)) {
        unfinished = StoredImage{*image, {}, false};
      }
      image->size = unfinished->bytes.size();
      *handle = new ImageHandle{storage, std::nullopt};
      ++storage.open_images;
      return tenon_error{TENON_OK};
    };
    table_.image_open = [](void* self, tenon_image* image, void** handle, tenon_detail*) {
      auto& storage = *static_cast<ManualStorage*>(self);
      if (!storage.newest_image) return tenon_error{TENON_ERROR_NOT_FOUND};
      *image = storage.newest_image->name;
      image->size = storage.newest_image->bytes.size();
      *handle = new ImageHandle{storage, storage.newest_image};
      ++storage.open_images;
      return tenon_error{TENON_OK};
    };
    table_.image_write = [](void* handle, std::uint64_t offset, tenon_bytes data, tenon_detail*) {
      ImageHandle& of = handle_of(handle);
      REQUIRE(offset <= of.bytes().size());
      if (of.storage.image_write_error != TENON_OK) return of.storage.image_write_error;
      of.bytes().resize(offset);
      of.bytes().append(view(data));
      return tenon_error{TENON_OK};
    };
    table_.image_commit = [](void* handle, tenon_detail*) {
      ManualStorage& storage = handle_of(handle).storage;
      if (storage.image_commit_error != TENON_OK) return storage.image_commit_error;
      REQUIRE((!storage.newest_image || storage.newest_image->name.index < storage.unfinished_image->name.index));
      storage.newest_image = storage.unfinished_image;
      handle_of(handle).copy = storage.newest_image;
      storage.unfinished_image.reset();
      return tenon_error{TENON_OK};
    };
    table_.image_read = [](void* handle, std::uint64_t offset, std::uint8_t* buffer, std::uint64_t capacity,
                           std::uint64_t* size, tenon_detail*) {
      const std::string& bytes = handle_of(handle).bytes();
      *size = offset < bytes.size() ? std::min<std::uint64_t>(capacity, bytes.size() - offset) : 0;
      std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(offset, bytes.size())), *size,
                  buffer);
      return tenon_error{TENON_OK};
    };
    table_.image_close = [](void* handle) {
      --handle_of(handle).storage.open_images;
      delete &handle_of(handle);
    };
  }

  tenon_storage table_{};
};

}  // namespace tenon::node
