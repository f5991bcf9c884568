// SPDX-License-Identifier: MIT
#include "cluster_commands.hpp"

#include <algorithm>
#include <functional>
#include <future>
#include <ostream>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <utility>

#include "format.hpp"

namespace tenon::tenonctl {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kConnectTimeoutMax{2000};
constexpr std::chrono::milliseconds kPollInterval{20};

template <class Answer>
struct Asked {
  std::string endpoint;
  std::optional<Answer> answer;
  std::string error;       // why there is none
  bool is_silent = false;  // the node could not be reached
};

// Asks every endpoint at once; the order is that of the endpoints.
template <class Question, class Answer = std::invoke_result_t<Question, client::Client&>>
std::vector<Asked<Answer>> ask_all(const Invocation& invocation, Question question) {
  std::vector<std::future<Asked<Answer>>> pending;
  for (const client::Endpoint& endpoint : invocation.endpoints) {
    pending.push_back(std::async(std::launch::async, [&invocation, endpoint, question] {
      Asked<Answer> asked{endpoint.text(), std::nullopt, {}, false};
      try {
        client::Client client(client_options(invocation, {endpoint}));
        asked.answer = std::invoke(question, client);
      } catch (const client::NoConnection& error) {
        asked.error = error.what();
        asked.is_silent = true;
      } catch (const std::runtime_error& error) {
        asked.error = error.what();
      }
      return asked;
    }));
  }
  std::vector<Asked<Answer>> all;
  all.reserve(pending.size());
  for (auto& one : pending) all.push_back(one.get());
  return all;
}

// Says on standard error why endpoints did not answer. Throws NoConnection when none did.
template <class Answer>
void report_silence(const std::vector<Asked<Answer>>& all, const Surroundings& surroundings) {
  std::string errors;
  bool has_answer = false;
  for (const Asked<Answer>& one : all) {
    has_answer = has_answer || one.answer;
    if (!one.answer) errors += (errors.empty() ? "" : "; ") + one.error;
  }
  if (!has_answer) throw client::NoConnection(errors);
  for (const Asked<Answer>& one : all) {
    if (!one.answer) surroundings.messages << "tenonctl: " << one.error << "\n";
  }
}

}  // namespace

client::Options client_options(const Invocation& invocation, std::vector<client::Endpoint> endpoints) {
  return {.endpoints = std::move(endpoints),
          .connect_timeout = std::min(invocation.timeout, kConnectTimeoutMax),
          .request_timeout = invocation.timeout};
}

int show_status(const Invocation& invocation, const Surroundings& surroundings, Format format) {
  const std::vector<Asked<client::Status>> all = ask_all(invocation, &client::Client::status);
  std::vector<EndpointStatus> rows;
  rows.reserve(all.size());
  for (const Asked<client::Status>& one : all) rows.push_back({one.endpoint, one.answer, one.error});
  print_status(surroundings.output, format, rows);
  report_silence(all, surroundings);
  return kExitOk;
}

int show_members(const Invocation& invocation, const Surroundings& surroundings, Format format) {
  const auto all = ask_all(invocation, &client::Client::members);
  report_silence(all, surroundings);
  const auto knows_progress = [](const auto& one) {
    return one.answer && std::any_of(one.answer->begin(), one.answer->end(),
                                     [](const client::Member& member) { return member.match_index.has_value(); });
  };
  auto chosen = std::find_if(all.begin(), all.end(), knows_progress);
  if (chosen == all.end()) {
    chosen = std::find_if(all.begin(), all.end(), [](const auto& one) { return one.answer.has_value(); });
  }
  print_members(surroundings.output, format, *chosen->answer);
  return kExitOk;
}

int show_metrics(const Invocation& invocation, const Surroundings& surroundings, Format format) {
  const auto all = ask_all(invocation, &client::Client::metrics);
  std::vector<EndpointMetrics> answers;
  for (const auto& one : all) {
    if (one.answer) answers.push_back({one.endpoint, *one.answer});
  }
  print_metrics(surroundings.output, format, answers);
  report_silence(all, surroundings);
  return kExitOk;
}

int show_leader(const Invocation& invocation, const Surroundings& surroundings, Format format) {
  const auto all = ask_all(invocation, &client::Client::leadership);
  report_silence(all, surroundings);
  client::Leadership latest;
  for (const auto& one : all) {
    if (one.answer && one.answer->leader != 0 && one.answer->term >= latest.term) latest = *one.answer;
  }
  if (latest.leader == 0) {
    surroundings.messages << "tenonctl: no node that answers knows a leader; a majority of the voters has to run and "
                             "to reach each other\n";
    return kExitCondition;
  }
  print_leader(surroundings.output, format, latest);
  return kExitOk;
}

int transfer_leader(const Invocation& invocation, const Surroundings& surroundings, Format format) {
  const Clock::time_point deadline = Clock::now() + invocation.timeout;
  client::Client client(client_options(invocation, invocation.endpoints));
  const std::uint64_t target = invocation.transfer_target;
  client::Leadership now = client.leadership();
  if (target != 0 && now.leader == target) {
    print_leader(surroundings.output, format, now);
    return kExitOk;
  }
  const std::uint64_t term = client.transfer_leadership(target);
  // Whoever leads a later term leads because the old leader has given up; it may also have won the term itself.
  const std::uint64_t before = now.term == term ? now.leader : 0;
  while (now.term <= term || now.leader == 0) {
    if (Clock::now() >= deadline) {
      surroundings.messages << "tenonctl: no other node has taken over within the time of --timeout; the last that is "
                               "known is that node "
                            << now.leader << " leads term " << now.term << "; leader show says who leads\n";
      return kExitError;
    }
    std::this_thread::sleep_for(kPollInterval);
    now = client.leadership();
  }
  print_leader(surroundings.output, format, now);
  const bool is_as_wanted = target != 0 ? now.leader == target : now.leader != before;
  if (is_as_wanted) return kExitOk;
  surroundings.messages << "tenonctl: node " << now.leader << " leads now, expected "
                        << (target != 0 ? "node " + std::to_string(target) : "another") << "; try again\n";
  return kExitError;
}

int create_snapshot(const Invocation& invocation, const Surroundings& surroundings, Format format) {
  const Clock::time_point deadline = Clock::now() + invocation.timeout;
  // One node only: another's image would say nothing of this one.
  const client::Endpoint& endpoint = invocation.endpoints.front();
  client::Client client(client_options(invocation, {endpoint}));
  const std::uint64_t wanted = client.create_snapshot().applied_index;
  client::Snapshot now = client.snapshot();
  while (now.index < wanted) {
    if (Clock::now() >= deadline) {
      surroundings.messages << "tenonctl: " << endpoint.text()
                            << " has not stored the image within the time of --timeout: its newest ends at index "
                            << now.index << ", expected " << wanted << " or more; snapshot list says how it goes on\n";
      return kExitError;
    }
    std::this_thread::sleep_for(kPollInterval);
    now = client.snapshot();
  }
  print_snapshots(surroundings.output, format, {{endpoint.text(), now, {}}});
  return kExitOk;
}

int list_snapshots(const Invocation& invocation, const Surroundings& surroundings, Format format) {
  const auto all = ask_all(invocation, &client::Client::snapshot);
  std::vector<EndpointSnapshot> rows;
  rows.reserve(all.size());
  for (const auto& one : all) rows.push_back({one.endpoint, one.answer, one.error});
  print_snapshots(surroundings.output, format, rows);
  report_silence(all, surroundings);
  return kExitOk;
}

int compact_logs(const Invocation& invocation, const Surroundings& surroundings, Format format) {
  const auto compact = [&](client::Client& client) {
    const client::Log before = client.compact_log();
    Clock::time_point deadline = Clock::now() + invocation.timeout;
    client::Log now = client.log();
    while (now.compacting) {
      if (now.being_taken) deadline = Clock::now() + invocation.timeout;
      if (Clock::now() >= deadline) {
        throw std::runtime_error(
            "the log is not cut within the time of --timeout, and no image is being taken; the node goes on with it "
            "when it can, and its own messages say what is in the way");
      }
      std::this_thread::sleep_for(kPollInterval);
      now = client.log();
    }
    return Compaction{before, now};
  };
  const auto all = ask_all(invocation, compact);
  std::vector<EndpointCompaction> rows;
  rows.reserve(all.size());
  for (const auto& one : all) rows.push_back({one.endpoint, one.answer, one.error});
  print_compactions(surroundings.output, format, rows);
  if (std::all_of(all.begin(), all.end(), [](const auto& one) { return one.is_silent; })) {
    report_silence(all, surroundings);
  }
  bool all_done = true;
  for (const auto& one : all) {
    if (one.answer) continue;
    all_done = false;
    surroundings.messages << "tenonctl: " << one.endpoint << ": " << one.error << "\n";
  }
  return all_done ? kExitOk : kExitError;
}

int show_state_hash(const Invocation& invocation, const Surroundings& surroundings, Format format) {
  const auto all = ask_all(invocation, &client::Client::state_hash);
  std::vector<EndpointStateHash> rows;
  rows.reserve(all.size());
  for (const auto& one : all) rows.push_back({one.endpoint, one.answer, one.error});
  print_state_hashes(surroundings.output, format, rows);
  report_silence(all, surroundings);
  return kExitOk;
}

}  // namespace tenon::tenonctl
