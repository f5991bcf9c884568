// SPDX-License-Identifier: MIT
#include "net/client/submissions.hpp"

#include <string>

namespace tenon::net {

namespace {

// A batch that has grown to this goes at once, so that many large requests of one wake-up do not lie here twice.
constexpr std::uint64_t kBatchBytesMax = std::uint64_t{1024} * 1024;

// A completion that the host did not make. Its release is how it is known again.
struct OwnCompletion {
  std::uint64_t depth;
  std::string message;
  tenon_completion table{};
};

void release_own(void* lent) { delete static_cast<OwnCompletion*>(lent); }

Completion overloaded(std::uint64_t request, std::uint64_t depth) {
  auto made = std::make_unique<OwnCompletion>();
  made->depth = depth;
  made->message =
      "as many requests are unfinished as there may be, " + std::to_string(depth) + " (queue_depth); try again";
  made->table.struct_size = sizeof made->table;
  made->table.request = request;
  made->table.outcome = TENON_OUTCOME_OVERLOADED;
  made->table.error = TENON_ERROR_BUSY;
  made->table.message = bytes(made->message);
  made->table.loan = {release_own, made.get()};
  return Completion(&made.release()->table);
}

}  // namespace

std::uint64_t Submissions::add(tenon_request request, Continuation continuation) {
  request.id = next_id_++;
  continuations_.emplace(request.id, std::move(continuation));
  batch_.add(request);
  if (batch_.bytes() >= kBatchBytesMax) submit();
  return request.id;
}

void Submissions::cancel(std::uint64_t request) {
  submit();  // what the queue has not heard of cannot be cancelled there
  if (continuations_.contains(request)) queue_.cancel(request);
}

void Submissions::submit() {
  const std::span<const tenon_request> requests = batch_.requests();
  if (requests.empty()) return batch_.clear();  // what was kept for requests that were then refused
  const std::size_t taken = queue_.submit(requests);
  TENON_CHECK(taken <= requests.size());
  std::vector<std::uint64_t> refused;
  for (const tenon_request& request : requests.subspan(taken)) refused.push_back(request.id);
  batch_.clear();  // before anyone is told, who may then add to the next batch
  for (const std::uint64_t id : refused) complete(overloaded(id, depth_));
}

void Submissions::poll() {
  queue_.poll([this](Completion completion) { complete(std::move(completion)); });
}

std::optional<std::uint64_t> depth_reached(const tenon_completion& completion) noexcept {
  if (completion.loan.release != release_own) return std::nullopt;
  return static_cast<const OwnCompletion*>(completion.loan.owner)->depth;
}

void Submissions::complete(Completion completion) {
  const auto found = continuations_.find(completion->request);
  TENON_CHECK(found != continuations_.end());
  if ((completion->flags & TENON_COMPLETION_MORE) != 0) return found->second(std::move(completion));
  const Continuation continuation = std::move(found->second);
  continuations_.erase(found);
  continuation(std::move(completion));
}

}  // namespace tenon::net
