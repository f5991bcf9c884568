// SPDX-License-Identifier: MIT
#include "subscriptions.hpp"

#include "client.hpp"
#include "glob.hpp"
#include "service.hpp"

namespace tenon::api_resp {

namespace {

// Messages for one client that wait for the end of the wake-up; beyond it they are sent, and counted, at once.
constexpr std::uint64_t kOutputAheadMax = std::uint64_t{64} * 1024;

// About what a name takes beside its bytes, in the client's own list and in the one of all.
constexpr std::uint64_t kNameBytes = 192;

std::uint64_t bytes_kept_for(std::string_view name) noexcept { return 2 * name.size() + kNameBytes; }

bool add(Subscriptions::Listeners& listeners, std::set<std::string, std::less<>>& own, Client& client,
         std::string_view name) {
  if (!own.emplace(name).second) return false;
  client.state().subscription_bytes += bytes_kept_for(name);
  listeners[std::string(name)].insert(&client);
  return true;
}

bool remove(Subscriptions::Listeners& listeners, std::set<std::string, std::less<>>& own, Client& client,
            std::string_view name) {
  const auto in_own = own.find(name);
  if (in_own == own.end()) return false;
  client.state().subscription_bytes -= bytes_kept_for(name);
  const auto found = listeners.find(name);
  found->second.erase(&client);
  if (found->second.empty()) listeners.erase(found);
  own.erase(in_own);
  return true;
}

}  // namespace

void Subscriptions::listen() {
  if (is_listening_) return;
  is_listening_ = true;
  tenon_operation all = operation(TENON_SUBSCRIBE, {});
  all.flags = TENON_RANGE_PREFIX;
  service_.submissions().add_stream(service_.request_of(all), *this);
}

bool Subscriptions::add_channel(Client& client, std::string_view channel) {
  return add(channels_, client.state().channels, client, channel);
}
bool Subscriptions::remove_channel(Client& client, std::string_view channel) {
  return remove(channels_, client.state().channels, client, channel);
}
bool Subscriptions::add_pattern(Client& client, std::string_view pattern) {
  return add(patterns_, client.state().patterns, client, pattern);
}
bool Subscriptions::remove_pattern(Client& client, std::string_view pattern) {
  return remove(patterns_, client.state().patterns, client, pattern);
}

void Subscriptions::remove_all(Client& client) {
  while (!client.state().channels.empty()) remove_channel(client, std::string(*client.state().channels.begin()));
  while (!client.state().patterns.empty()) remove_pattern(client, std::string(*client.state().patterns.begin()));
}

void Subscriptions::deliver(std::string_view channel, std::string_view message) {
  const auto found = channels_.find(channel);
  if (found != channels_.end()) {
    for (Client* client : found->second) {
      deliver_to(*client, [&](ReplyWriter& writer) {
        writer.push(3);
        writer.bulk("message");
        writer.bulk(channel);
        writer.bulk(message);
      });
    }
  }
  for (const auto& [pattern, clients] : patterns_) {
    if (!matches(pattern, channel)) continue;
    for (Client* client : clients) {
      deliver_to(*client, [&, &matched = pattern](ReplyWriter& writer) {
        writer.push(4);
        writer.bulk("pmessage");
        writer.bulk(matched);
        writer.bulk(channel);
        writer.bulk(message);
      });
    }
  }
  flush_full();
}

template <class Write>
void Subscriptions::deliver_to(Client& client, Write&& write) {
  client.push(write);
  service_.finish_later(client);
  const bool is_full = client.channel().output_bytes() > kOutputAheadMax;
  if (is_full && (full_.empty() || full_.back() != client.state().id)) full_.push_back(client.state().id);
}

// One that does not take what it is sent is closed by this, and is no longer among the listeners then.
void Subscriptions::flush_full() {
  for (const std::uint64_t id : full_) {
    const auto found = service_.clients().find(id);
    if (found == service_.clients().end()) continue;
    const std::shared_ptr<Client> client = found->second;
    client->flush();
  }
  full_.clear();
}

std::int64_t Subscriptions::count_receivers(std::string_view channel) const {
  const auto found = channels_.find(channel);
  std::size_t count = found == channels_.end() ? 0 : found->second.size();
  for (const auto& [pattern, clients] : patterns_) {
    if (matches(pattern, channel)) count += clients.size();
  }
  return static_cast<std::int64_t>(count);
}

void Subscriptions::take(std::uint64_t, const tenon_completion& completion) {
  for (const tenon_result& result : results(completion)) {
    for (const tenon_record& record : records(result)) deliver(view(record.key), view(record.value));
  }
  if ((completion.flags & TENON_COMPLETION_MORE) != 0) return;
  is_listening_ = false;
  service_.try_again_later();
}

}  // namespace tenon::api_resp
