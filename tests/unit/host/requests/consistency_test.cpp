// SPDX-License-Identifier: MIT
// What a request may say that a read rests on.
#include "host/request_check.hpp"
#include "support/catch.hpp"
#include "tenon/operation.hpp"

namespace tenon::host {
namespace {

using Operations = std::vector<tenon_operation>;

constexpr RequestLimits kLimits;

TEST_CASE("a read says what it may rest on, and what writes has no say in it") {
  const auto asked = [](const tenon_operation& operation, std::uint32_t consistency, std::uint64_t max_age_ms = 0) {
    const Operations operations{operation};
    tenon_request request_of = request(1, operations);
    request_of.consistency = consistency;
    request_of.max_age_ms = max_age_ms;
    return std::get<CheckedRequest>(check_request(request_of, kLimits));
  };
  CHECK(asked(get("k"), TENON_READ_LINEARIZABLE).consistency == node::Consistency::linearizable);
  CHECK(asked(get("k"), TENON_READ_LEASE).consistency == node::Consistency::lease);
  const CheckedRequest any_age = asked(get("k"), TENON_READ_STALE);
  CHECK(any_age.consistency == node::Consistency::stale);
  CHECK_FALSE(any_age.max_age.has_value());
  CHECK(asked(get("k"), TENON_READ_STALE, 70).max_age == std::chrono::milliseconds(70));
  CHECK(asked(get("k"), TENON_READ_STALE, UINT64_MAX).max_age == kMaxAgeMax);
  CHECK(asked(scan("", ""), TENON_READ_LOG).access == node::Access::logged_read);
  for (const std::uint32_t consistency : {TENON_READ_LEASE, TENON_READ_STALE, TENON_READ_LOG}) {
    const CheckedRequest write = asked(put("k", "v"), consistency, 70);
    CHECK(write.access == node::Access::write);
    CHECK(write.consistency == node::Consistency::linearizable);
  }
}

TEST_CASE("a read of a certain revision does not go through the log, which could only find it gone") {
  const Operations operations{[] {
    tenon_operation later = get("k");
    later.revision = 7;
    return later;
  }()};
  tenon_request asked = request(1, operations);
  asked.consistency = TENON_READ_LOG;
  CHECK(std::get<CheckedRequest>(check_request(asked, kLimits)).access == node::Access::read);
}

}  // namespace
}  // namespace tenon::host
