// SPDX-License-Identifier: MIT
#include <deque>
#include <set>

#include "client_api/api_node.hpp"
#include "client_api/client_api_checks.hpp"
#include "network/listening.hpp"
#include "network/resources.hpp"

namespace tenon::plugin_check {

namespace {

using namespace std::chrono_literals;

constexpr auto kSilence = 100ms;
constexpr std::size_t kClients = 8;

const char* text_of(Told told) {
  switch (told) {
    case Told::done:
      return "done";
    case Told::failed:
      return "failed";
    case Told::unknown:
      return "unknown";
    default:
      return "strange";
  }
}

// The replies to everything that the client has sent, by number. Fails the check unless each request has exactly one.
std::map<std::uint64_t, Reply> receive_all(Subject& subject, Client& client) {
  std::map<std::uint64_t, Reply> replies;
  const Progress::Step step(subject.progress(), "waiting for the answers to a client's requests");
  while (replies.size() < client.sent()) {
    const std::optional<Reply> reply = client.receive();
    if (!reply) {
      subject.fail("of " + std::to_string(client.sent()) + " requests of a client " + std::to_string(replies.size()) +
                   " were answered; expected every one to be (client_api.h: exactly one final completion)");
    }
    subject.expect(reply->told != Told::strange, "a reply came that is no answer to a request: " + reply->words);
    subject.expect(reply->number >= 1 && reply->number <= client.sent(),
                   "an answer came to request " + std::to_string(reply->number) + ", which the client never sent");
    subject.expect(replies.emplace(reply->number, *reply).second,
                   "request " + std::to_string(reply->number) + " was answered twice; expected one answer");
  }
  const std::optional<Reply> more = client.receive(kSilence);
  subject.expect(!more.has_value(), "a request was answered twice; expected one answer to each and nothing more");
  return replies;
}

// Many clients with many requests ahead, answered by the node in any order.
void check_answers(Subject& subject) {
  const std::unique_ptr<Driver> driver = require_driver(subject);
  std::mt19937_64 random = subject.generator();
  ApiNode node(subject, [&](const ScriptedRequest& request) {
    return ScriptedAnswer{std::chrono::milliseconds(random() % 20), answer_to(request)};
  });
  std::deque<Client> clients;
  for (std::size_t i = 0; i < kClients; ++i) clients.emplace_back(*driver, node.port());
  std::vector<std::map<std::uint64_t, std::string>> keys(kClients);  // of reads, by number
  for (int round = 0; round < (subject.full() ? 1000 : 50); ++round) {
    for (std::size_t i = 0; i < kClients; ++i) {
      const std::string key = "key-" + std::to_string(i) + "-" + std::to_string(round);
      if (round % 3 == 0) {
        clients[i].put(key, "x");
      } else {
        keys[i][clients[i].get(key)] = key;
      }
    }
  }
  for (std::size_t i = 0; i < kClients; ++i) {
    for (const auto& [number, reply] : receive_all(subject, clients[i])) {
      subject.expect(reply.told == Told::done, "request " + std::to_string(number) + " was done and is told as " +
                                                   text_of(reply.told) + ": " + reply.words);
      const std::string expected = keys[i].contains(number) ? value_of_key(keys[i][number]) : "";
      subject.expect(reply.value == expected, "request " + std::to_string(number) + " was answered with '" +
                                                  reply.value + "'; expected '" + expected +
                                                  "', for each answer belongs to its own request");
    }
  }
  await(subject, kReplyPatience, "every completion to be released", [&] { return node.host().on_loan() == 0; });
}

struct Case {
  std::uint32_t outcome;
  tenon_error error;
  Told expected;
};

std::vector<Case> all_cases() {
  std::vector<Case> cases = {{TENON_OUTCOME_DONE, TENON_OK, Told::done},
                             {TENON_OUTCOME_DONE, TENON_ERROR_WRONG_TYPE, Told::failed},
                             {TENON_OUTCOME_OVERLOADED, TENON_ERROR_BUSY, Told::failed},
                             {TENON_OUTCOME_OVERLOADED, TENON_OK, Told::failed},
                             {99, TENON_OK, Told::unknown}};
  for (tenon_error error = TENON_ERROR_INVALID; error >= TENON_ERROR_REUSED; --error) {
    cases.push_back({TENON_OUTCOME_REFUSED, error, Told::failed});
    cases.push_back({TENON_OUTCOME_UNKNOWN, error, Told::unknown});
  }
  cases.push_back({TENON_OUTCOME_UNKNOWN, TENON_OK, Told::unknown});
  return cases;
}

void check_outcomes(Subject& subject) {
  const std::unique_ptr<Driver> driver = require_driver(subject);
  const std::vector<Case> cases = all_cases();
  std::size_t next = 0;
  ApiNode node(subject, [&](const ScriptedRequest&) {
    const Case& one = cases[next++ % cases.size()];
    return ScriptedAnswer{0ms, {.outcome = one.outcome, .error = one.error, .leader = 2}};
  });
  Client client(*driver, node.port());
  for (const Case& one : cases) {
    client.put("key", "value");
    const std::optional<Reply> reply = client.receive();
    const std::string what =
        "a write that ended with outcome " + std::to_string(one.outcome) + " and error " + std::to_string(one.error);
    subject.expect(reply.has_value(), what + " was not answered; expected one answer to each request");
    subject.expect(reply->told == one.expected, what + " is told as " + text_of(reply->told) + "; expected " +
                                                    text_of(one.expected) +
                                                    ", for an unknown is no failure and a failure is no unknown "
                                                    "(client_api.h: outcome)");
  }
}

// The leader changes while writes are under way: what may be in its log is unknown, what comes then is refused, and
// later all is well again.
void check_leader_change(Subject& subject) {
  const std::unique_ptr<Driver> driver = require_driver(subject);
  enum class Phase { silent, refusing, done };
  std::atomic<Phase> phase{Phase::silent};
  ApiNode node(subject, [&](const ScriptedRequest& request) -> ScriptedAnswer {
    if (phase == Phase::silent) return {std::nullopt, {}};
    if (phase == Phase::done) return {1ms, answer_to(request)};
    return {1ms, {.outcome = TENON_OUTCOME_REFUSED, .error = TENON_ERROR_NOT_LEADER, .leader = 2}};
  });
  constexpr int kRequests = 20;
  std::deque<Client> clients;
  for (std::size_t i = 0; i < kClients; ++i) clients.emplace_back(*driver, node.port());
  const auto send_and_expect = [&](Phase now, Told expected, const char* when) {
    phase = now;
    const std::uint64_t before = node.host().submitted();
    for (Client& client : clients) {
      for (int i = 0; i < kRequests; ++i) client.put("key", "value");
    }
    await(subject, kReplyPatience, "the requests to be submitted",
          [&] { return node.host().submitted() == before + kClients * kRequests; });
    if (now == Phase::silent) {
      node.host().answer_all({.outcome = TENON_OUTCOME_UNKNOWN, .error = TENON_ERROR_NOT_LEADER, .leader = 2});
    }
    for (Client& client : clients) {
      for (int i = 0; i < kRequests; ++i) {
        const std::optional<Reply> reply = client.receive();
        subject.expect(reply.has_value(),
                       std::string("a request ") + when + " was not answered; expected exactly one answer to each");
        subject.expect(reply->told == expected, std::string("a write ") + when + " is told as " + text_of(reply->told) +
                                                    "; expected " + text_of(expected));
      }
    }
  };
  send_and_expect(Phase::silent, Told::unknown, "that was under way when the leader changed");
  send_and_expect(Phase::refusing, Told::failed, "that was refused since there is no leader here");
  send_and_expect(Phase::done, Told::done, "that was done under the next leader");
}

// More requests than the queue has credit for: each is done or told to have failed, none is lost.
void check_credit(Subject& subject) {
  const std::unique_ptr<Driver> driver = require_driver(subject);
  plugin::Options options;
  set_if_declared(subject, options, "queue_depth", "16");
  ApiNode node(
      subject,
      [](const ScriptedRequest& request) {
        return ScriptedAnswer{5ms, answer_to(request)};
      },
      options);
  std::deque<Client> clients;
  for (std::size_t i = 0; i < kClients; ++i) clients.emplace_back(*driver, node.port());
  for (int i = 0; i < (subject.full() ? 2000 : 100); ++i) {
    for (Client& client : clients) client.put("key", "value");
  }
  std::uint64_t done = 0;
  for (Client& client : clients) {
    for (const auto& [number, reply] : receive_all(subject, client)) {
      done += reply.told == Told::done ? 1 : 0;
      subject.expect(reply.told != Told::unknown,
                     "a write that the queue did not take, or that was done, is told as "
                     "unknown; expected done or failed");
    }
  }
  subject.expect(done == node.host().submitted(), std::to_string(node.host().submitted()) +
                                                      " requests were taken and done, and " + std::to_string(done) +
                                                      " are told as done; expected as many");
  subject.measured("most unfinished requests at a time: " + std::to_string(node.host().most_unfinished()) +
                   "; done: " + std::to_string(done));
}

}  // namespace

Checks answer_checks() {
  const auto kind = plugin::Kind::client_api;
  using std::chrono::seconds;
  return {
      {"client_api.answers", kind, Suite::smoke,
       "each request has exactly one answer, its own, whatever the order in which the node is done", seconds(180),
       check_answers},
      {"client_api.outcomes", kind, Suite::smoke,
       "an unknown is never told as a failure, nor a failure as an unknown (tenon_completion.outcome)", seconds(60),
       check_outcomes},
      {"client_api.leader_change", kind, Suite::smoke,
       "what is under way when the leader changes is answered, as unknown; what is refused then, as failed",
       seconds(120), check_leader_change},
      {"client_api.credit", kind, Suite::smoke,
       "beyond the depth of the queue a request waits or is told to have failed; none is lost (submit)", seconds(120),
       check_credit},
  };
}

}  // namespace tenon::plugin_check
