// SPDX-License-Identifier: MIT
#include <deque>

#include "chaos/proxy.hpp"
#include "client_api/api_node.hpp"
#include "client_api/client_api_checks.hpp"
#include "lifecycle/process_state.hpp"
#include "network/intruders.hpp"
#include "network/listening.hpp"
#include "network/resources.hpp"

namespace tenon::plugin_check {

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;

void expect_served(Subject& subject, const Driver& driver, std::uint16_t port, const std::string& beside) {
  Client client(driver, port);
  client.get("served");
  const std::optional<Reply> reply = client.receive();
  subject.expect(reply && reply->told == Told::done && reply->value == value_of_key("served"),
                 "a client was not served beside " + beside + "; expected others not to harm it");
}

void expect_bounded(Subject& subject, std::uint64_t resident_before, std::uint64_t max, const std::string& what) {
  const std::uint64_t now = resident_bytes();
  const std::uint64_t grown = now - std::min(now, resident_before);
  subject.expect(grown < max, "the process grew by " + std::to_string(grown / kMiB) + " MiB for " + what +
                                  "; expected less than " + std::to_string(max / kMiB) + " MiB");
}

ScriptedAnswer soon(const ScriptedRequest& request) { return {1ms, answer_to(request)}; }

// A client asks for far more than it reads.
void check_slow_reader(Subject& subject) {
  const std::unique_ptr<Driver> driver = require_driver(subject);
  constexpr std::size_t kValueBytes = std::size_t{16} * 1024;
  constexpr std::uint64_t kGets = 24'000;  // 375 MiB
  plugin::Options options;
  set_if_declared(subject, options, "output_bytes_max", "1MiB");
  ApiNode node(
      subject,
      [](const ScriptedRequest& request) {
        ScriptedAnswer answer{1ms, answer_to(request)};
        if (request.operations.at(0).key == "large") {
          answer.completion.results.at(0).records.at(0).value = std::string(kValueBytes, 'x');
        }
        return answer;
      },
      options);
  const std::uint64_t resident = resident_bytes();
  Client slow(*driver, node.port());
  std::string requests;
  for (std::uint64_t i = 1; i <= kGets; ++i) requests += driver->get(i, "large");
  // The plugin may close it, or read no more from it.
  slow.socket().send(requests, 1s);
  for (int i = 0; i < 15; ++i) {
    expect_served(subject, *driver, node.port(), "a client that does not read");
    std::this_thread::sleep_for(100ms);
    expect_bounded(subject, resident, 128 * kMiB, "a client that does not read its replies");
  }
  const std::uint64_t now = resident_bytes();
  subject.measured("grown by " + std::to_string((now - std::min(now, resident)) / kMiB) + " MiB");
}

// Clients that are gone before they are answered: their completions are polled and given back nevertheless.
void check_gone_clients(Subject& subject) {
  const std::unique_ptr<Driver> driver = require_driver(subject);
  std::atomic<bool> silent{true};
  ApiNode node(subject, [&](const ScriptedRequest& request) -> ScriptedAnswer {
    if (silent) return {std::nullopt, {}};
    return soon(request);
  });
  for (const chaos::Cut how : {chaos::Cut::end, chaos::Cut::reset}) {
    silent = true;
    std::deque<Client> clients;
    const std::uint64_t before = node.host().submitted();
    for (int i = 0; i < 10; ++i) {
      clients.emplace_back(*driver, node.port());
      for (int j = 0; j < 10; ++j) clients.back().put("key", "value");
    }
    await(subject, kReplyPatience, "the requests to be submitted",
          [&] { return node.host().submitted() == before + 100; });
    for (Client& client : clients) how == chaos::Cut::end ? client.socket().close() : client.socket().reset();
    std::this_thread::sleep_for(50ms);
    node.host().answer_all({});
    await(subject, kReplyPatience, "the completions of clients that are gone to be polled and released",
          [&] { return node.host().unfinished() == 0 && node.host().on_loan() == 0; });
    silent = false;
    expect_served(subject, *driver, node.port(), "clients that are gone");
  }
}

// Requests and replies in pieces of a byte, and connections that are cut at any place.
void check_network(Subject& subject) {
  const std::unique_ptr<Driver> driver = require_driver(subject);
  ApiNode node(subject, soon);
  chaos::Proxy proxy(node.port(), subject.task().seed);
  proxy.disturb({.piece_bytes_max = 1});
  Client split(*driver, proxy.port());
  for (int i = 0; i < 30; ++i) split.get("split");
  for (int i = 0; i < 30; ++i) {
    const std::optional<Reply> reply = split.receive();
    subject.expect(reply && reply->value == value_of_key("split"),
                   "a request that came byte by byte was not answered as it is when it comes whole");
  }
  std::mt19937_64 random = subject.generator();
  for (int round = 0; round < (subject.full() ? 200 : 20); ++round) {
    proxy.disturb({.bytes_per_second = 20'000});
    Client client(*driver, proxy.port());
    for (int i = 0; i < 20; ++i) client.put("key", "value");
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 20));
    proxy.cut(random() % 2 == 0 ? chaos::Cut::end : chaos::Cut::reset);
  }
  await(subject, kReplyPatience, "the completions of connections that were cut to be released",
        [&] { return node.host().unfinished() == 0 && node.host().on_loan() == 0; });
  Client half_open(*driver, proxy.port());
  half_open.put("key", "value");
  proxy.abandon();
  expect_served(subject, *driver, node.port(), "a connection that is half open");
}

void check_garbage(Subject& subject) {
  ApiNode node(subject, soon);
  const std::uint64_t resident = resident_bytes();
  std::mt19937_64 random = subject.generator();
  const Strangers strangers(node.port(), garbage(random, subject.full() ? 200 : 30));
  std::this_thread::sleep_for(300ms);
  expect_bounded(subject, resident, 64 * kMiB, "connections that brought garbage");
  if (const std::unique_ptr<Driver> driver = driver_for(scheme_of(subject))) {
    expect_served(subject, *driver, node.port(), "connections that brought garbage");
  }
  node.stop();
  subject.expect(strangers.end_within(10s), "a connection that brought garbage is open after stop()");
}

void check_crowd(Subject& subject) {
  constexpr std::size_t kCrowd = 300;
  plugin::Options options;
  const bool has_bound = set_if_declared(subject, options, "connections_max", "16");
  ApiNode node(subject, soon, options);
  const std::size_t before = Resources::now().descriptors;
  {
    const Strangers strangers(node.port(), std::vector<std::string>(kCrowd));
    if (has_bound) {
      await(subject, kReplyPatience, "connections beyond connections_max = 16 to be closed",
            [&] { return Resources::now().descriptors <= before + kCrowd + 16; });
    }
  }
  await(subject, kReplyPatience, "the descriptors of clients that are gone to be closed",
        [&] { return Resources::now().descriptors <= before; });
  if (const std::unique_ptr<Driver> driver = driver_for(scheme_of(subject))) {
    expect_served(subject, *driver, node.port(), "a crowd that has gone");
  }
}

}  // namespace

Checks client_checks() {
  const auto kind = plugin::Kind::client_api;
  using std::chrono::seconds;
  return {
      {"client_api.slow_reader", kind, Suite::smoke,
       "a client that does not read its replies costs bounded memory, and harms nobody", seconds(60),
       check_slow_reader},
      {"client_api.gone_clients", kind, Suite::smoke,
       "completions of clients that are gone are polled and released (tenon_queue.poll)", seconds(60),
       check_gone_clients},
      {"client_api.network", kind, Suite::smoke,
       "requests in any pieces are answered, and connections that are cut leave nothing behind", seconds(120),
       check_network},
      {"client_api.garbage", kind, Suite::smoke, "garbage costs no memory and disturbs nobody", seconds(60),
       check_garbage},
      {"client_api.crowd", kind, Suite::smoke, "a crowd of connections is bounded, and closed when it has gone",
       seconds(60), check_crowd},
  };
}

}  // namespace tenon::plugin_check
