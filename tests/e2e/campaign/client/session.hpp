// SPDX-License-Identifier: MIT
// One client that does one operation after another, through one node for a while and then through another one.
//
// Model. What ends as unknown stays so: the session goes on under a new name, for it may not be done with. Careful
// sessions number their writes in a session of the product and repeat those that they got no answer to; such a write
// is one operation from its first sending to its last answer.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "keys.hpp"
#include "record.hpp"
#include "support/linearizability.hpp"
#include "tenon_client/client.hpp"

namespace tenon::campaign {

enum class Manner : std::uint8_t { plain, careful };

struct SessionOptions {
  std::vector<client::Endpoint> endpoints;
  std::size_t number = 0;  // of the session
  std::uint64_t seed = 0;
  std::chrono::microseconds interval{0};  // from one operation to the next, if the answers are as quick
  Manner manner = Manner::plain;
};

// For one thread. Keeps: the keys and the record, for its life.
class Session {
 public:
  Session(SessionOptions options, Keys& keys, Record& record);

  // Until `stopping`, and until the last answer is there or given up.
  void work(const std::atomic<bool>& stopping);
  // Reads keys until every one of the group has been read by some session; what is wrong with what is there. Throws
  // std::runtime_error when a key cannot be read for long.
  std::vector<std::string> read_everything();

 private:
  // Of the attempt; fills in what the answer says.
  using Call = std::function<void(client::Client&, const std::optional<client::InSession>&)>;

  void step();
  void get(const Drawn& key);
  void put(const Drawn& key);
  void erase(const Drawn& key);
  void append(const Drawn& key);
  void increment(const Drawn& key);
  void swap(const Drawn& key);

  support::Operation begin(const Drawn& key, support::Action action) const;
  Ending finish(const Drawn& key, Kind kind, support::Operation& operation, const Call& call);
  Ending read(const Call& call);
  Ending write(const Call& call);
  std::optional<client::InSession> next_in_session();
  client::Client& client();
  std::chrono::milliseconds draw_patience();
  void put_bulk();
  void move_on();
  std::string fresh_value();

  const SessionOptions options_;
  Keys& keys_;
  Record& record_;
  std::mt19937_64 random_;
  std::unique_ptr<client::Client> client_;
  std::size_t endpoint_;           // < options_.endpoints.size()
  std::uint64_t values_ = 0;       // that were made
  std::uint64_t incarnation_ = 0;  // one more after each unknown outcome
  std::optional<std::uint64_t> session_;
  std::uint64_t sequence_ = 0;
};

}  // namespace tenon::campaign
