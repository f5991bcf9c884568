// SPDX-License-Identifier: MIT
#include "error_mapping.hpp"

#include <set>

#include "support/catch.hpp"

using namespace tenon::api_thrift;
namespace api = tenon::thrift_api;

TEST_CASE("each outcome is told as it is, and one that is not known as UNKNOWN") {
  CHECK(outcome_of(TENON_OUTCOME_UNKNOWN) == api::Outcome::UNKNOWN);
  CHECK(outcome_of(TENON_OUTCOME_DONE) == api::Outcome::DONE);
  CHECK(outcome_of(TENON_OUTCOME_REFUSED) == api::Outcome::REFUSED);
  CHECK(outcome_of(TENON_OUTCOME_SESSION_EXPIRED) == api::Outcome::SESSION_EXPIRED);
  CHECK(outcome_of(TENON_OUTCOME_OVERLOADED) == api::Outcome::OVERLOADED);
  for (const std::uint32_t outcome : {5u, 6u, 1000u, 0xffffffffu}) CHECK(outcome_of(outcome) == api::Outcome::UNKNOWN);
}

TEST_CASE("each error has a code of its own, and one that is not known is INTERNAL") {
  std::set<int> codes;
  for (tenon_error error = TENON_ERROR_REUSED; error < TENON_OK; ++error) {
    codes.insert(code_of(TENON_OUTCOME_REFUSED, error));
    CHECK(code_of(TENON_OUTCOME_REFUSED, error) == -error);
  }
  CHECK(codes.size() == 16);
  CHECK(code_of(TENON_OUTCOME_REFUSED, -17) == api::ErrorCode::INTERNAL);
  CHECK(code_of(TENON_OUTCOME_UNKNOWN, TENON_OK) == api::ErrorCode::TIMEOUT);
  CHECK(code_of(TENON_OUTCOME_OVERLOADED, TENON_OK) == api::ErrorCode::BUSY);
}

TEST_CASE("an error without a message says what may be concluded") {
  tenon_completion completion{};
  completion.outcome = TENON_OUTCOME_UNKNOWN;
  const api::TenonError error = error_of(completion, TENON_ERROR_TIMEOUT);
  CHECK(error.code == api::ErrorCode::TIMEOUT);
  CHECK(error.message == "the node does not know whether the request was applied");
  CHECK_FALSE(error.__isset.leader_node);
  CHECK_FALSE(error.__isset.leader_address);
}
