// SPDX-License-Identifier: MIT
#include "host/completion.hpp"

#include "support/catch.hpp"
#include "tenon/bytes.hpp"

namespace tenon::host {
namespace {

kv::Record record(std::string key, std::string value, std::uint64_t version) {
  return {TENON_RECORD_CURRENT, std::move(key), std::move(value), 1, version, version};
}

node::Answer answer_with_results() {
  node::Answer answer;
  answer.token = {3, 42};
  answer.leader = raft::NodeId(9);
  answer.term = raft::Term(6);
  answer.reply.took_otherwise = true;
  answer.reply.revision = 77;
  answer.reply.cluster_time_ms = 88;
  answer.reply.results.resize(4);
  answer.reply.results[0].records = {record("a", std::string(100'000, 'x'), 1), record("b", "", 2)};
  answer.reply.results[0].cursor =
      "\x01"
      "b";
  answer.reply.results[1].error = TENON_ERROR_TOO_LARGE;
  answer.reply.results[2].number = -5;
  answer.reply.results[3].records = {record("c", "3", 3)};
  return answer;
}

TEST_CASE("a completion shows every result of its reply") {
  const CompletionPointer made = make_completion(answer_with_results(), {});
  const tenon_completion& completion = *made;
  CHECK(completion.struct_size == sizeof(tenon_completion));
  CHECK(completion.request == 42);
  CHECK(completion.flags == TENON_COMPLETION_ELSE);
  CHECK(completion.outcome == TENON_OUTCOME_DONE);
  CHECK(completion.error == TENON_OK);
  CHECK(completion.revision == 77);
  CHECK(completion.cluster_time_ms == 88);
  CHECK(completion.leader == 9);
  CHECK(completion.term == 6);
  CHECK(completion.leader_address.size == 0);
  REQUIRE(completion.result_count == 4);
  REQUIRE(completion.results[0].record_count == 2);
  const tenon_record& first = completion.results[0].records[0];
  CHECK(view(first.key) == "a");
  CHECK(view(first.value) == std::string(100'000, 'x'));
  CHECK((first.created == 1 && first.modified == 1 && first.version == 1 && first.expires_at_ms == 0));
  CHECK(view(completion.results[0].records[1].key) == "b");
  CHECK(view(completion.results[0].cursor) ==
        "\x01"
        "b");
  CHECK(completion.results[1].error == TENON_ERROR_TOO_LARGE);
  CHECK(completion.results[1].record_count == 0);
  CHECK(completion.results[2].number == -5);
  REQUIRE(completion.results[3].record_count == 1);
  CHECK(view(completion.results[3].records[0].value) == "3");
}

TEST_CASE("every outcome has its value at the waist, with error and message") {
  using node::Outcome;
  for (const auto& [outcome, expected] : {std::pair<Outcome, std::uint32_t>{Outcome::done, TENON_OUTCOME_DONE},
                                          {Outcome::refused, TENON_OUTCOME_REFUSED},
                                          {Outcome::unknown, TENON_OUTCOME_UNKNOWN},
                                          {Outcome::overloaded, TENON_OUTCOME_OVERLOADED}}) {
    const CompletionPointer made =
        make_completion({{1, 2}, outcome, TENON_ERROR_TIMEOUT, "literal", raft::NodeId(), {}}, "for people");
    CHECK(made->outcome == expected);
    CHECK(made->error == TENON_ERROR_TIMEOUT);
    CHECK(view(made->message) == "for people");
    CHECK(made->leader == 0);
    CHECK(made->result_count == 0);
  }
}

TEST_CASE("a completion says when a key expires, and what has become of a session") {
  node::Answer answer = answer_with_results();
  answer.reply.results[0].records[0].expires_at_ms = 1'234;
  CHECK(make_completion(answer, {})->results[0].records[0].expires_at_ms == 1'234);
  node::Answer expired;
  expired.reply.session_expired = true;
  CHECK(make_completion(expired, {})->outcome == TENON_OUTCOME_SESSION_EXPIRED);
  node::Answer repeated;
  repeated.reply.results_forgotten = true;
  repeated.reply.took_otherwise = true;
  CHECK(make_completion(repeated, {})->flags == (TENON_COMPLETION_FORGOTTEN | TENON_COMPLETION_ELSE));
  CHECK(make_completion(repeated, {})->outcome == TENON_OUTCOME_DONE);
}

TEST_CASE("a completion holds the leader's address until its loan is released, and knows how much it holds") {
  const std::string address = "a-host-with-a-long-name.example:7101";
  const CompletionPointer made = make_completion(answer_with_results(), "text", address);
  CHECK(view(made->leader_address) == address);
  CHECK(held_bytes(*made) > 100'000);
  CHECK(held_bytes(*made) < 110'000);
}

TEST_CASE("a completion that was handed out lives until its loan is released") {
  const tenon_completion* const handed_out = make_completion(answer_with_results(), "text").release();
  CHECK(view(handed_out->results[3].records[0].key) == "c");
  CHECK(view(handed_out->message) == "text");
  const tenon_loan loan = handed_out->loan;
  REQUIRE(loan.release != nullptr);
  loan.release(loan.owner);  // a sanitizer reports it when this frees nothing, or too little
}

}  // namespace
}  // namespace tenon::host
