// SPDX-License-Identifier: MIT
#include <atomic>
#include <deque>

#include "client_api/api_node.hpp"
#include "client_api/client_api_checks.hpp"
#include "lifecycle/process_state.hpp"
#include "network/listening.hpp"
#include "network/resources.hpp"

namespace tenon::plugin_check {

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kRequests = 20;
constexpr std::size_t kClients = 4;

void send_requests(Subject& subject, ApiNode& node, std::deque<Client>& clients) {
  const std::uint64_t before = node.host().submitted();
  for (Client& client : clients) {
    for (std::uint64_t i = 0; i < kRequests; ++i) client.put("key", "value");
  }
  await(subject, kReplyPatience, "the requests to be submitted",
        [&] { return node.host().submitted() == before + clients.size() * kRequests; });
}

std::deque<Client> connect_clients(const Driver& driver, std::uint16_t port) {
  std::deque<Client> clients;
  for (std::size_t i = 0; i < kClients; ++i) clients.emplace_back(driver, port);
  return clients;
}

// Everything that was taken before drain() is answered before it returns, and nothing is taken any more.
void check_drain(Subject& subject) {
  const std::unique_ptr<Driver> driver = require_driver(subject);
  ApiNode node(subject, [](const ScriptedRequest& request) { return ScriptedAnswer{300ms, answer_to(request)}; });
  std::deque<Client> clients = connect_clients(*driver, node.port());
  send_requests(subject, node, clients);
  const std::uint64_t submitted = node.host().submitted();
  const std::chrono::milliseconds took = node.drain(10s);
  subject.expect(took < 5s, "drain() took " + std::to_string(took.count()) +
                                " ms though the node was done after 300; expected it to return when all is answered");
  subject.expect(node.host().unfinished() == 0, "drain() returned within its time, with " +
                                                    std::to_string(node.host().unfinished()) +
                                                    " requests unfinished; expected it to wait for them");
  for (Client& client : clients) {
    for (std::uint64_t i = 0; i < kRequests; ++i) {
      const std::optional<Reply> reply = client.receive(2s);
      subject.expect(reply && reply->told == Told::done,
                     "a request that was taken before drain() was not answered by it; expected it to be told as done");
    }
  }
  for (Client& client : clients) client.put("late", "value");
  try {
    Client late(*driver, node.port());
    late.put("late", "value");
  } catch (const std::system_error&) {
    subject.note("a new connection is refused after drain(), as it may be");
  }
  std::this_thread::sleep_for(200ms);
  subject.expect(node.host().submitted() == submitted,
                 std::to_string(node.host().submitted() - submitted) +
                     " requests were submitted after drain(); expected it to take nothing more from clients");
}

// drain() gives up when its time is over, and stop() does not need the answers either.
void check_drain_timeout(Subject& subject) {
  const std::unique_ptr<Driver> driver = require_driver(subject);
  ApiNode node(subject, [](const ScriptedRequest&) { return ScriptedAnswer{std::nullopt, {}}; });
  std::deque<Client> clients = connect_clients(*driver, node.port());
  send_requests(subject, node, clients);
  const std::chrono::milliseconds took = node.drain(300ms);
  subject.expect(took < 3s, "drain(300) took " + std::to_string(took.count()) +
                                " ms with a node that never answers; expected it to return when its time is over");
  node.stop();
  for (Client& client : clients) {
    // A reply may have been sent before, and no reply may say that a write which the node has taken surely failed.
    while (const std::optional<Reply> reply = client.receive(5s)) {
      subject.expect(reply->told == Told::unknown,
                     "a write that the node had taken and not answered is not told as "
                     "unknown when the plugin stops; expected unknown, or no answer");
    }
    subject.expect(client.socket().ends_within(5s),
                   "a connection is open after stop(); expected every one to be closed (client_api.h: stop)");
  }
}

void check_drain_idle(Subject& subject) {
  ApiNode node(subject, [](const ScriptedRequest& request) { return ScriptedAnswer{0ms, answer_to(request)}; });
  const chaos::Socket silent = chaos::connect_to_loopback(node.port());
  const chaos::Socket other = chaos::connect_to_loopback(node.port());
  const std::chrono::milliseconds took = node.drain(10s);
  subject.expect(took < 5s, "drain(10000) took " + std::to_string(took.count()) +
                                " ms with nothing under way; expected it to return at once");
  node.stop();
  subject.expect(silent.ends_within(5s) && other.ends_within(5s),
                 "a connection is open after stop(); expected every one to be closed (client_api.h: stop)");
}

void check_stop_under_load(Subject& subject) {
  const std::unique_ptr<Driver> driver = require_driver(subject);
  subject.plugin();
  std::mt19937_64 random = subject.generator();
  std::optional<Resources> before;
  for (int round = 0; round < (subject.full() ? 100 : 6); ++round) {
    {
      ApiNode node(subject, [&](const ScriptedRequest& request) -> ScriptedAnswer {
        if (request.id % 7 == 0) return {std::nullopt, {}};
        return {std::chrono::milliseconds(request.id % 3), answer_to(request)};
      });
      std::deque<Client> clients = connect_clients(*driver, node.port());
      std::atomic<bool> ends{false};
      std::thread load([&] {
        while (!ends) {
          for (Client& client : clients) {
            client.put("key", "value");
            client.receive(0ms);
          }
        }
      });
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 50));
      if (round % 2 == 0) node.drain(10ms);
      node.destroy();
      std::this_thread::sleep_for(50ms);  // a call that comes now fails the check
      ends = true;
      load.join();
    }
    if (!before) {
      before = Resources::now();  // with the threads and descriptors of the hosts that the check keeps
    } else {
      before->threads += 1;  // the thread of this round's host
      expect_no_more_than(subject, *before, "stop() under load");
    }
  }
}

void check_port_in_use(Subject& subject) {
  const auto answer = [](const ScriptedRequest& request) { return ScriptedAnswer{0ms, answer_to(request)}; };
  ApiNode first(subject, answer);
  Instance second(subject, subject.new_directory("second"), listening_at(subject, first.port()));
  const auto host = std::make_shared<ScriptedHost>(answer);
  subject.keep(host);
  const Resources before = Resources::now();
  tenon_detail why = new_detail();
  const tenon_error error = second.call("client_api.start()", ThreadWord::setup, [&] {
    return second.object().client_api->start(second.self(), host->table(), &why);
  });
  subject.expect(error == TENON_ERROR_IO, "start() at a port that is in use returned " + text_of(error, why) +
                                              "; expected -13 (IO) (client_api.h: an address cannot be bound)");
  subject.expect(std::string(why.message).find(std::to_string(first.port())) != std::string::npos,
                 "start() at port " + std::to_string(first.port()) + ", which is in use, said '" + why.message +
                     "'; expected words that name the address");
  second.destroy();
  expect_no_more_than(subject, before, "a start() that failed");
}

}  // namespace

Checks ending_checks() {
  const auto kind = plugin::Kind::client_api;
  using std::chrono::seconds;
  return {
      {"client_api.drain", kind, Suite::smoke,
       "drain() answers what was taken, and takes nothing more (client_api.h: drain)", seconds(60), check_drain},
      {"client_api.drain_timeout", kind, Suite::smoke,
       "drain() returns when its time is over, and stop() ends connections whose requests have no answer", seconds(60),
       check_drain_timeout},
      {"client_api.drain_idle", kind, Suite::smoke,
       "drain() returns at once when nothing is under way, and stop() closes every connection", seconds(60),
       check_drain_idle},
      {"client_api.stop_under_load", kind, Suite::smoke,
       "after stop() there is no call, no queue, no completion, no thread and no descriptor left (stop)", seconds(240),
       check_stop_under_load},
      {"client_api.port_in_use", kind, Suite::smoke,
       "start() at an address that is in use is IO, says which address, and leaves nothing behind (start)", seconds(30),
       check_port_in_use},
  };
}

}  // namespace tenon::plugin_check
