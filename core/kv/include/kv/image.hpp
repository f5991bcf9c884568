// SPDX-License-Identifier: MIT
// The state as a stream of bytes, and back. The stream depends on the state alone: snapshots of stores that have
// applied the same entries give the same bytes.
//
//   magic      8 bytes: "TNNKV", 0, 0, and the version of the format: 2
//   head       u64 revision, u64 cluster_time_ms, u64 key_count, u64 last_session, u64 session_count
//   keys       ascending: u32 key size, u32 value size, u64 created, u64 modified, u64 version, u64 expires_at_ms
//              (0: never), key, value
//   sessions   ascending by id: block, as SessionsEncoder writes it
//   tail       u64 state hash
// Integers are little-endian; a block is its size as u32 and its bytes. The order by expiry follows from the keys.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "kv/sessions.hpp"
#include "kv/snapshot.hpp"
#include "kv/store.hpp"

namespace tenon::kv {

class TreeWalk;

// For one thread at a time, and any.
class ImageSource {
 public:
  explicit ImageSource(std::shared_ptr<const Snapshot> snapshot);
  ImageSource(ImageSource&&) noexcept;
  ~ImageSource();

  // Appends the next bytes, at most so many, and fewer only at the end. False: these were the last. Needs:
  // bytes_max > 0.
  bool next(std::string& output, std::size_t bytes_max);

 private:
  bool prepare();

  std::shared_ptr<const Snapshot> snapshot_;
  std::unique_ptr<TreeWalk> walk_;
  SessionsEncoder sessions_;
  std::string prepared_;      // bytes of which the first given_ were given out
  std::size_t given_ = 0;     // <= prepared_.size()
  bool has_head_ = false;     // it was prepared
  bool is_prepared_ = false;  // all is, to the end
};

// Builds a store from such a stream, and believes nothing that it has not checked. For one thread at a time, and any.
class ImageLoader {
 public:
  ImageLoader();
  ImageLoader(ImageLoader&&) noexcept;
  ImageLoader& operator=(ImageLoader&&) noexcept;
  ~ImageLoader();

  // Takes the next bytes, cut anywhere. False: they are not good, and nothing that follows can be; see error().
  bool feed(std::string_view raw);
  // The store, when all has come and its hash is the one that the image names; null: see error(). Needs: it is called
  // once, as the last thing.
  std::unique_ptr<Store> finish();
  // What is wrong and where; empty: nothing so far.
  const std::string& error() const noexcept { return error_; }

 private:
  enum class Part { head, keys, sessions, tail, end };

  // Each takes one element from the front of `rest`. False: it has not come as a whole, or it is bad.
  bool take_element(std::string_view& rest);
  bool take_head(std::string_view& rest);
  bool take_key(std::string_view& rest);
  bool take_session(std::string_view& rest);
  bool take_tail(std::string_view& rest);
  bool fail(const std::string& what);
  void skip_empty_parts() noexcept;

  std::unique_ptr<Store> store_;
  std::string waiting_;          // bytes of an element that has not come as a whole
  std::uint64_t offset_ = 0;     // in the stream, of waiting_
  Part part_ = Part::head;       // that comes next
  std::uint64_t keys_left_ = 0;  // of those that the head promises
  std::uint64_t sessions_left_ = 0;
  std::uint64_t state_hash_ = 0;  // that the tail names
  std::string last_key_;          // the greatest so far
  std::string error_;
};

}  // namespace tenon::kv
