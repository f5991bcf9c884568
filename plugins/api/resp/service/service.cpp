// SPDX-License-Identifier: MIT
#include "service.hpp"

#include "client.hpp"
#include "transaction_task.hpp"

namespace tenon::api_resp {

namespace {

std::string make_run_id() {
  constexpr std::size_t kDigits = 40;
  constexpr std::string_view digits = "0123456789abcdef";
  std::random_device random;
  std::string id;
  while (id.size() < kDigits) id.push_back(digits[random() % digits.size()]);
  return id;
}

}  // namespace

Service::Service(const Host& host, const Settings& settings, Submissions& submissions, NodeIdentity identity,
                 ServiceOwner& owner)
    : settings_(settings),
      submissions_(submissions),
      identity_(std::move(identity)),
      owner_(owner),
      requests_(host.metric("requests_total")),
      malformed_(host.metric("requests_malformed_total")),
      run_id_(make_run_id()),
      scan_cursors_(settings.scan_cursors_max),
      keyspace_events_(*this, parse_wanted_events(settings.keyspace_events)),
      random_(std::random_device()()),
      plan_(submissions.batch()) {}

tenon_request Service::request_of(std::span<const tenon_operation> operations) {
  tenon_request made{};
  made.struct_size = sizeof made;
  made.operations = submissions_.batch().copy(operations);
  made.operation_count = operations.size();
  return made;
}

tenon_request Service::request_of(const Plan& plan) {
  tenon_request made = request_of(plan.operations());
  // One that fails alone is told with what it says of its failure.
  if (plan.operations().size() == 1) made.flags = TENON_REQUEST_INDEPENDENT;
  made.compares = submissions_.batch().copy(plan.compares());
  made.compare_count = plan.compares().size();
  return made;
}

std::unique_ptr<Task> Service::compute_later(Client& client, const Command& command, Arguments words) {
  std::vector<QueuedCommand> commands;
  commands.push_back({&command, {words.begin(), words.end()}});
  return std::make_unique<TransactionTask>(*this, client, TransactionTask::Form::kCommand, std::move(commands),
                                           TransactionTask::Watched(), bytes_kept_for(words));
}

// One that has to wait again goes behind the others, so that everyone has a turn.
void Service::use_credit() {
  for (std::size_t left = waiting_for_credit_.size(); left > 0 && submissions_.has_credit(); --left) {
    if (waiting_for_credit_.empty()) return;
    Client* const client = waiting_for_credit_.front();
    waiting_for_credit_.pop_front();
    client->take_credit();
  }
}

void Service::forget_waiting(const Client& client) { std::erase(waiting_for_credit_, &client); }

void Service::closed(Client& client, const Closing& closing) {
  subscriptions_.remove_all(client);
  owner_.on_closed(client, closing);
}

void Service::try_again() {
  subscriptions_.listen();
  keyspace_events_.watch();
}

void Service::count_requests(std::uint64_t requests) noexcept {
  counters_.commands += requests;
  requests_.record(static_cast<double>(requests));
}

}  // namespace tenon::api_resp
