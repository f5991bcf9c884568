// SPDX-License-Identifier: MIT
// What a request may say of sessions.
#include "host/request_check.hpp"
#include "kv/command.hpp"
#include "support/catch.hpp"
#include "tenon/operation.hpp"

namespace tenon::host {
namespace {

using Checked = std::variant<CheckedRequest, AdminRequest, RequestRefusal>;
using Operations = std::vector<tenon_operation>;
using Compares = std::vector<tenon_compare>;

constexpr RequestLimits kLimits;

Checked check(const Operations& operations, const Compares& compares = {}, const Operations& otherwise = {}) {
  return check_request(request(1, operations, compares, otherwise), kLimits);
}
tenon_error refusal(const Checked& checked) {
  const auto* refused = std::get_if<RequestRefusal>(&checked);
  return refused == nullptr ? TENON_OK : refused->error;
}
// Its numbers; what it borrows from is gone.
kv::Command decoded(const Checked& checked) {
  const auto* accepted = std::get_if<CheckedRequest>(&checked);
  REQUIRE(accepted != nullptr);
  CHECK(accepted->access == node::Access::write);
  return kv::decode(accepted->command).value();
}

TEST_CASE("a write carries its session, a read needs none") {
  const Operations operations{put("k", "v")};
  tenon_request asked = request(1, operations);
  asked.session = 9;
  asked.session_sequence = 5;
  asked.session_outstanding = 4;
  const kv::Command command = decoded(check_request(asked, kLimits));
  CHECK((command.session == 9 && command.session_sequence == 5 && command.session_outstanding == 4));
  asked.session_outstanding = 6;
  CHECK(refusal(check_request(asked, kLimits)) == TENON_ERROR_INVALID);
  asked.session_outstanding = 0;
  asked.session_sequence = 0;
  CHECK(refusal(check_request(asked, kLimits)) == TENON_ERROR_INVALID);
  const Operations reads{get("k")};
  asked = request(1, reads);
  asked.session = 9;
  const auto read = std::get<CheckedRequest>(check_request(asked, kLimits));
  CHECK(read.access == node::Access::read);
  CHECK(kv::decode(read.command)->session == 0);
}

TEST_CASE("operations on sessions stand alone, and name the session that they are of") {
  tenon_operation open = operation(TENON_SESSION_OPEN, "");
  for (const auto& [duration, error] : {std::pair<std::uint64_t, tenon_error>{0, TENON_ERROR_INVALID},
                                        {kSessionMsMin - 1, TENON_ERROR_INVALID},
                                        {kSessionMsMin, TENON_OK},
                                        {kSessionMsMax, TENON_OK},
                                        {kSessionMsMax + 1, TENON_ERROR_INVALID}}) {
    open.expiry_ms = duration;
    CHECK(refusal(check({open})) == error);
  }
  open.expiry_ms = kSessionMsMin;
  CHECK(decoded(check({open})).operations[0].expiry_ms == kSessionMsMin);
  CHECK(refusal(check({open, put("k", "v")})) == TENON_ERROR_INVALID);
  CHECK(refusal(check({open}, {absent("k")})) == TENON_ERROR_INVALID);
  CHECK(refusal(check({}, {}, {open})) == TENON_ERROR_INVALID);
  const auto of_session = [](const Operations& operations, std::uint64_t session, std::uint64_t sequence) {
    tenon_request asked = request(1, operations);
    asked.session = session;
    asked.session_sequence = sequence;
    asked.session_outstanding = 3;
    return check_request(asked, kLimits);
  };
  CHECK(refusal(of_session({open}, 1, 0)) == TENON_ERROR_INVALID);
  for (const std::uint32_t kind : {TENON_SESSION_KEEP_ALIVE, TENON_SESSION_CLOSE}) {
    const Operations operations{operation(kind, "")};
    CHECK(refusal(check(operations)) == TENON_ERROR_INVALID);
    CHECK(refusal(of_session(operations, 1, 1)) == TENON_ERROR_INVALID);
    const kv::Command command = decoded(of_session(operations, 8, 0));
    CHECK((command.session == 8 && command.session_outstanding == 3));
  }
}

}  // namespace
}  // namespace tenon::host
