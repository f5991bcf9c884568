// SPDX-License-Identifier: MIT
#include "submissions.hpp"

namespace tenon::api_resp {

namespace {

constexpr std::uint64_t kBatchBytesMax = std::uint64_t{2} * 1024 * 1024;

constexpr unsigned kGenerationShift = 32;

}  // namespace

std::uint64_t Submissions::add(tenon_request request, Waiter& waiter, std::uint64_t number) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(entries_.size()));
    entries_.emplace_back();
  }
  const std::uint32_t place = free_.back();
  free_.pop_back();
  Entry& entry = entries_[place];
  entry.waiter = &waiter;
  entry.number = number;
  entry.operation_count = request.operation_count;
  entry.otherwise_count = request.otherwise_count;
  entry.is_open = true;
  entry.is_stream = false;
  ++unfinished_;
  request.id = std::uint64_t{++entry.generation} << kGenerationShift | place;
  batch_.add(request);
  return request.id;
}

std::uint64_t Submissions::add_stream(tenon_request request, Waiter& waiter) {
  TENON_CHECK(streams_ < kStreamsMax);
  ++streams_;
  const std::uint64_t id = add(request, waiter, 0);
  find(id)->is_stream = true;
  return id;
}

bool Submissions::is_large() const noexcept { return batch_.bytes() >= kBatchBytesMax; }

Submissions::Entry* Submissions::find(std::uint64_t request) {
  const std::uint64_t place = request & 0xffffffffu;
  if (place >= entries_.size()) return nullptr;
  Entry& entry = entries_[place];
  return entry.is_open && entry.generation == request >> kGenerationShift ? &entry : nullptr;
}

void Submissions::abandon(std::uint64_t request) {
  if (Entry* const entry = find(request)) entry->waiter = nullptr;
}

void Submissions::cancel(std::uint64_t request) {
  submit();  // what the queue has not heard of cannot be cancelled there
  if (find(request) != nullptr) queue_.cancel(request);
}

void Submissions::submit() {
  const std::span<const tenon_request> requests = batch_.requests();
  if (requests.empty()) return;
  const std::size_t taken = queue_.submit(requests);
  TENON_CHECK(taken <= requests.size());
  std::vector<std::uint64_t> refused;
  for (const tenon_request& request : requests.subspan(taken)) refused.push_back(request.id);
  batch_.clear();  // before anyone is told, who may then add to the next batch
  for (const std::uint64_t id : refused) {
    tenon_completion overloaded{};
    overloaded.struct_size = sizeof overloaded;
    overloaded.request = id;
    overloaded.outcome = TENON_OUTCOME_OVERLOADED;
    overloaded.error = TENON_ERROR_BUSY;
    overloaded.message = bytes("as many requests are unfinished as there may be (queue_depth); try again");
    complete(overloaded);
  }
}

void Submissions::poll() {
  queue_.poll([this](Completion completion) {
    complete(*completion);
    if (is_large()) submit();
  });
}

void Submissions::complete(const tenon_completion& completion) {
  Entry* const entry = find(completion.request);
  TENON_CHECK(entry != nullptr);
  const bool is_done = completion.outcome == TENON_OUTCOME_DONE && completion.error == TENON_OK &&
                       (completion.flags & TENON_COMPLETION_MORE) == 0;
  const bool took_otherwise = (completion.flags & TENON_COMPLETION_ELSE) != 0;
  const std::uint64_t expected = took_otherwise ? entry->otherwise_count : entry->operation_count;
  if (!is_done || completion.result_count == expected) return tell(*entry, completion);
  const std::string message = "the node's answer has " + std::to_string(completion.result_count) +
                              " results; expected " + std::to_string(expected) + ", one for each operation";
  tenon_completion unknown{};
  unknown.struct_size = sizeof unknown;
  unknown.request = completion.request;
  unknown.outcome = TENON_OUTCOME_UNKNOWN;
  unknown.error = TENON_ERROR_INTERNAL;
  unknown.message = bytes(message);
  tell(*entry, unknown);
}

void Submissions::tell(Entry& entry, const tenon_completion& completion) {
  Waiter* const waiter = entry.waiter;
  const std::uint64_t number = entry.number;
  if ((completion.flags & TENON_COMPLETION_MORE) == 0) {
    entry.is_open = false;
    free_.push_back(static_cast<std::uint32_t>(completion.request & 0xffffffffu));
    --unfinished_;
    if (entry.is_stream) --streams_;
  }
  if (waiter != nullptr) waiter->take(number, completion);
}

}  // namespace tenon::api_resp
