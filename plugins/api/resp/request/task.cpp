// SPDX-License-Identifier: MIT
#include "task.hpp"

#include "client.hpp"
#include "replies.hpp"
#include "service.hpp"

namespace tenon::api_resp {

Task::~Task() {
  if (request_ != 0) service_.submissions().abandon(request_);
}

void Task::ask(tenon_request request) {
  TENON_CHECK(request_ == 0);
  client_.prepare(request, decides_writes());
  request_ = service_.submissions().add(request, *this, 0);
}

void Task::take(std::uint64_t, const tenon_completion& completion) {
  request_ = 0;
  const bool is_done = completion.outcome == TENON_OUTCOME_DONE && completion.error == TENON_OK;
  service_.finish_later(client_);
  if (!is_done) return fail(completion);
  client_.compare_watched(completion);
  advance(completion);
}

ReplyWriter Task::reply() { return client_.task_reply(); }

void Task::fail(const tenon_completion& completion) { client_.fail_task(completion); }

bool Task::failed(const tenon_completion& completion) {
  ReplyWriter writer = reply();
  if (!wrote_failure(writer, results(completion))) return false;
  service_.count_error();
  end();
  return true;
}

void Task::end() { client_.end_task(); }

}  // namespace tenon::api_resp
