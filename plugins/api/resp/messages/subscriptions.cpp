// SPDX-License-Identifier: MIT
#include "subscriptions.hpp"

#include "client.hpp"
#include "glob.hpp"
#include "service.hpp"

namespace tenon::api_resp {

namespace {

bool add(Subscriptions::Listeners& listeners, std::set<std::string, std::less<>>& own, Client& client,
         std::string_view name) {
  if (!own.emplace(name).second) return false;
  listeners[std::string(name)].insert(&client);
  return true;
}

bool remove(Subscriptions::Listeners& listeners, std::set<std::string, std::less<>>& own, Client& client,
            std::string_view name) {
  const auto in_own = own.find(name);
  if (in_own == own.end()) return false;
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
  service_.submissions().add(service_.request_of(all), *this, 0);
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
      client->push([&](ReplyWriter& writer) {
        writer.push(3);
        writer.bulk("message");
        writer.bulk(channel);
        writer.bulk(message);
      });
      service_.finish_later(*client);
    }
  }
  for (const auto& [pattern, clients] : patterns_) {
    if (!matches(pattern, channel)) continue;
    for (Client* client : clients) {
      client->push([&, &matched = pattern](ReplyWriter& writer) {
        writer.push(4);
        writer.bulk("pmessage");
        writer.bulk(matched);
        writer.bulk(channel);
        writer.bulk(message);
      });
      service_.finish_later(*client);
    }
  }
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
