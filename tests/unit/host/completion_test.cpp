// SPDX-License-Identifier: MIT
#include "host/completion.hpp"

#include <set>
#include <thread>

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

node::Answer answer_of(std::string key, std::string value) {
  node::Answer answer;
  answer.token = {3, 42, 7};
  answer.reply.revision = 5;
  answer.reply.results.resize(1);
  answer.reply.results[0].records = {record(std::move(key), std::move(value), 1)};
  return answer;
}

TEST_CASE("a small completion of a room says what one with memory of its own says") {
  node::Answer answer = answer_with_results();
  answer.token.mark = 99;
  answer.reply.results[0].records[0].value = "short";
  CompletionRooms rooms;
  const CompletionPointer small = rooms.try_make(answer);
  REQUIRE(small != nullptr);
  const CompletionPointer own = make_completion(answer, {});
  CHECK(small->struct_size == own->struct_size);
  CHECK(small->request == own->request);
  CHECK(small->flags == own->flags);
  CHECK(small->outcome == own->outcome);
  CHECK(small->error == own->error);
  CHECK(small->revision == own->revision);
  CHECK(small->cluster_time_ms == own->cluster_time_ms);
  CHECK(small->leader == own->leader);
  CHECK((small->message.size == 0 && small->leader_address.size == 0));
  CHECK(mark_of(*small) == 99);
  REQUIRE(small->result_count == own->result_count);
  for (std::uint64_t i = 0; i < own->result_count; ++i) {
    const tenon_result& found = small->results[i];
    const tenon_result& expected = own->results[i];
    CHECK((found.error == expected.error && found.number == expected.number));
    CHECK(view(found.cursor) == view(expected.cursor));
    REQUIRE(found.record_count == expected.record_count);
    for (std::uint32_t k = 0; k < expected.record_count; ++k) {
      CHECK(found.records[k].kind == expected.records[k].kind);
      CHECK(view(found.records[k].key) == view(expected.records[k].key));
      CHECK(view(found.records[k].value) == view(expected.records[k].value));
      CHECK(found.records[k].created == expected.records[k].created);
      CHECK(found.records[k].modified == expected.records[k].modified);
      CHECK(found.records[k].version == expected.records[k].version);
      CHECK(found.records[k].expires_at_ms == expected.records[k].expires_at_ms);
    }
  }
}

TEST_CASE("no room takes what is large, what is not done, what is lent or what says more") {
  CompletionRooms rooms;
  CHECK(rooms.try_make(answer_of("k", std::string(20'000, 'x'))) == nullptr);
  node::Answer answer = answer_of("k", "v");
  answer.outcome = node::Outcome::refused;
  CHECK(rooms.try_make(answer) == nullptr);
  answer = answer_of("k", "v");
  answer.message = "text";
  CHECK(rooms.try_make(answer) == nullptr);
  answer = answer_of("k", "v");
  answer.loan = node::StreamLoan{1, 1, 1};
  CHECK(rooms.try_make(answer) == nullptr);
}

TEST_CASE("memory of completions that were released serves again, and that of others stays as it is") {
  CompletionRooms rooms;
  const CompletionPointer kept = rooms.try_make(answer_of("kept", "for long"));
  std::set<const void*> places;
  for (int round = 0; round < 200; ++round) {
    std::vector<CompletionPointer> made;
    for (int i = 0; i < 100; ++i) made.push_back(rooms.try_make(answer_of(std::to_string(i), std::string(1'000, 'y'))));
    for (int i = 0; i < 100; ++i) {
      const tenon_record& found = made[static_cast<std::size_t>(i)]->results[0].records[0];
      REQUIRE(view(found.key) == std::to_string(i));
      REQUIRE(view(found.value) == std::string(1'000, 'y'));
      places.insert(made[static_cast<std::size_t>(i)].get());
    }
  }
  CHECK(places.size() < 1'000);  // of 20 000
  CHECK(view(kept->results[0].records[0].value) == "for long");
}

TEST_CASE("completions that are held longer than their rooms are kept stay until another thread releases them") {
  std::vector<CompletionPointer> made;
  {
    CompletionRooms rooms;
    for (int i = 0; i < 3'000; ++i)
      made.push_back(rooms.try_make(answer_of(std::to_string(i), std::string(1'000, 'z'))));
  }
  std::thread releases([&] {
    for (std::size_t i = 0; i < made.size(); ++i) {
      CHECK(view(made[i]->results[0].records[0].key) == std::to_string(i));
      made[i].reset();  // a sanitizer reports it when this frees nothing, or too early
    }
  });
  releases.join();
}

}  // namespace
}  // namespace tenon::host
