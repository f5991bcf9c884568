// SPDX-License-Identifier: MIT
// Who listens to which channels, and the one stream in which the messages of all of them come from the node.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "submissions.hpp"

namespace tenon::api_resp {

class Client;
class Service;

// On the I/O thread. A client's own lists are in its state, and are kept the same as these.
class Subscriptions final : public Waiter {
 public:
  using Listeners = std::map<std::string, std::set<Client*>, std::less<>>;

  explicit Subscriptions(Service& service) noexcept : service_(service) {}

  // Begins to take messages from the node. Harmless while it does.
  void listen();

  // False, all: nothing has changed.
  bool add_channel(Client& client, std::string_view channel);
  bool remove_channel(Client& client, std::string_view channel);
  bool add_pattern(Client& client, std::string_view pattern);
  bool remove_pattern(Client& client, std::string_view pattern);
  void remove_all(Client& client);

  // Writes a message to everyone here whom it is for.
  void deliver(std::string_view channel, std::string_view message);
  // How many times deliver() would write it.
  std::int64_t count_receivers(std::string_view channel) const;

  const Listeners& channels() const noexcept { return channels_; }
  const Listeners& patterns() const noexcept { return patterns_; }

  void take(std::uint64_t number, const tenon_completion& completion) override;

 private:
  template <class Write>
  void deliver_to(Client& client, Write&& write);
  void flush_full();

  Service& service_;
  Listeners channels_;
  Listeners patterns_;
  bool is_listening_ = false;
  std::vector<std::uint64_t> full_;  // ids of clients that have much to be sent; empty but within deliver()
};

}  // namespace tenon::api_resp
