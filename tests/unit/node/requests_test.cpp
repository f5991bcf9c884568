// SPDX-License-Identifier: MIT
#include "node/requests.hpp"

#include <map>

#include "raft/random.hpp"
#include "support/catch.hpp"

namespace tenon::node {
namespace {

using raft::Instant;
using raft::LogIndex;
using raft::Term;

const Instant kStart = Instant(std::chrono::hours(600));
constexpr std::uint64_t kInboxBytesMax = 1000;

class Answers final : public AnswerPort {
 public:
  void answer(Answer answer) override {
    REQUIRE(ended.emplace(answer.token.request, answer).second);  // exactly once
  }

  std::map<std::uint64_t, Answer> ended;
};

Submission submission(std::uint64_t request, Access access, std::chrono::milliseconds timeout = std::chrono::seconds(5),
                      std::size_t size = 10, Ordering ordering = Ordering::free) {
  return {{1, request}, access, ordering, Forwarding::allowed, std::string(size, 'c'), kStart + timeout};
}

std::vector<Requests::Readable> take_readable(Requests& requests, LogIndex applied) {
  std::vector<Requests::Readable> taken;
  while (std::optional<Requests::Readable> one = requests.take_readable(applied)) taken.push_back(*std::move(one));
  return taken;
}

TEST_CASE("writes leave the inbox in their order, bounded in bytes and in number") {
  Answers answers;
  Requests requests(answers, kInboxBytesMax);
  for (std::uint64_t i = 1; i <= 10; ++i) requests.submit(submission(i, Access::write));
  Batch first = requests.take_batch(35, 100);
  REQUIRE(first.waiting.size() == 3);
  CHECK(first.waiting[0].token == Token{1, 1});
  CHECK(first.waiting[2].token == Token{1, 3});
  CHECK(requests.take_batch(1000, 2).waiting.size() == 2);
  CHECK(requests.take_batch(1, 100).waiting.size() == 1);  // one alone goes, whatever its size
  CHECK(requests.inbox_bytes() == 40);
}

TEST_CASE("a full inbox answers overloaded, and takes again when there is room") {
  Answers answers;
  Requests requests(answers, 100);
  requests.submit(submission(1, Access::write, std::chrono::seconds(5), 60));
  requests.submit(submission(2, Access::read, std::chrono::seconds(5), 41));
  REQUIRE(answers.ended.contains(2));
  CHECK(answers.ended[2].outcome == Outcome::overloaded);
  CHECK(answers.ended[2].message.find("100 bytes (limits.inbox_bytes_max)") != std::string::npos);
  requests.submit(submission(3, Access::read, std::chrono::seconds(5), 40));
  CHECK(answers.ended.size() == 1);
  requests.take_batch(1000, 100);
  requests.submit(submission(4, Access::write, std::chrono::seconds(5), 60));
  CHECK(answers.ended.size() == 1);
}

TEST_CASE("one request that is larger than the inbox is taken when it is alone") {
  Answers answers;
  Requests requests(answers, 100);
  requests.submit(submission(1, Access::write, std::chrono::seconds(5), 500));
  CHECK(answers.ended.empty());
  requests.submit(submission(2, Access::write));
  CHECK(answers.ended[2].outcome == Outcome::overloaded);
}

TEST_CASE("what was proposed in the present term counts until it is applied, and what an earlier term left does not") {
  Answers answers;
  Requests requests(answers, kInboxBytesMax);
  const auto propose = [&](std::uint64_t request, std::uint64_t index, std::uint64_t term, std::uint64_t bytes) {
    requests.submit(submission(request, Access::write));
    Batch batch = requests.take_batch(1000, 100);
    batch.entry_bytes = bytes;
    requests.proposed(LogIndex(index), Term(term), std::move(batch));
  };
  propose(1, 5, 1, 30);
  propose(2, 6, 1, 40);
  CHECK(requests.unapplied_bytes(Term(1)) == 70);
  requests.take_applied(LogIndex(5), Term(1), raft::NodeId(1));
  CHECK(requests.unapplied_bytes(Term(1)) == 40);
  CHECK(requests.unapplied_bytes(Term(3)) == 0);  // leadership was lost, and won again before the index came
  propose(3, 6, 3, 50);
  CHECK(requests.unapplied_bytes(Term(3)) == 50);
  propose(4, 7, 3, 60);
  requests.take_applied(LogIndex(6), Term(3), raft::NodeId(1));
  CHECK(requests.unapplied_bytes(Term(3)) == 60);
  requests.installed(LogIndex(9), raft::NodeId(2));
  CHECK(requests.unapplied_bytes(Term(3)) == 0);
}

TEST_CASE("time that runs out in the inbox refuses, in the log it leaves the outcome unknown") {
  Answers answers;
  Requests requests(answers, kInboxBytesMax);
  requests.submit(submission(1, Access::write, std::chrono::milliseconds(10)));
  Batch batch = requests.take_batch(1000, 100);
  requests.proposed(LogIndex(5), Term(1), std::move(batch));
  requests.submit(submission(2, Access::write, std::chrono::milliseconds(10)));
  requests.submit(submission(3, Access::read, std::chrono::milliseconds(10)));
  requests.begin_reads(Consistency::linearizable);
  requests.submit(submission(4, Access::read, std::chrono::milliseconds(10)));
  requests.submit(submission(5, Access::read, std::chrono::milliseconds(500)));
  REQUIRE(requests.next_expiry() == kStart + std::chrono::milliseconds(10));
  requests.expire(kStart + std::chrono::milliseconds(10) - raft::Duration(1), raft::NodeId());
  CHECK(answers.ended.empty());
  requests.expire(kStart + std::chrono::milliseconds(10), raft::NodeId());
  REQUIRE(answers.ended.size() == 4);
  CHECK(answers.ended[1].outcome == Outcome::unknown);
  for (const std::uint64_t refused : {2u, 3u, 4u}) CHECK(answers.ended[refused].outcome == Outcome::refused);
  for (const std::uint64_t ended : {1u, 2u, 3u, 4u}) CHECK(answers.ended[ended].error == TENON_ERROR_TIMEOUT);
  CHECK(requests.next_expiry() == kStart + std::chrono::milliseconds(500));
  // The entry is applied all the same, with nobody waiting.
  const std::optional<Batch> applied = requests.take_applied(LogIndex(5), Term(1), raft::NodeId());
  REQUIRE(applied.has_value());
  CHECK_FALSE(applied->waiting[0].token.has_value());
}

TEST_CASE("cancel ends the one request that it names, by where it stands") {
  Answers answers;
  Requests requests(answers, kInboxBytesMax);
  requests.submit(submission(1, Access::write));
  Batch batch = requests.take_batch(1000, 100);
  requests.proposed(LogIndex(5), Term(1), std::move(batch));
  requests.submit(submission(2, Access::write));
  requests.submit(submission(3, Access::write));
  requests.cancel({1, 1});
  requests.cancel({1, 2});
  requests.cancel({1, 99});
  requests.cancel({1, 1});
  REQUIRE(answers.ended.size() == 2);
  CHECK(answers.ended[1].outcome == Outcome::unknown);
  CHECK(answers.ended[2].outcome == Outcome::refused);
  CHECK(answers.ended[2].error == TENON_ERROR_CANCELLED);
  CHECK(requests.take_batch(1000, 100).waiting.size() == 1);
}

TEST_CASE("a read waits for its index, and one after writes also for the writes before it") {
  Answers answers;
  Requests requests(answers, kInboxBytesMax);
  requests.submit(submission(1, Access::write));
  requests.submit(submission(2, Access::read));
  requests.submit(submission(3, Access::read, std::chrono::seconds(5), 10, Ordering::after_writes));
  const raft::Token free_group = requests.begin_reads(Consistency::linearizable);
  CHECK_FALSE(requests.has_reads(Consistency::linearizable));  // the other read must first know where its write goes
  CHECK(take_readable(requests, LogIndex(100)).empty());
  requests.read_ready(free_group, LogIndex(4), raft::ReadProof::round);
  CHECK(take_readable(requests, LogIndex(3)).empty());
  const std::vector<Requests::Readable> free = take_readable(requests, LogIndex(4));
  REQUIRE(free.size() == 1);
  CHECK(free[0].submission.token == Token{1, 2});
  requests.proposed(LogIndex(5), Term(1), requests.take_batch(1000, 100));
  REQUIRE(requests.has_reads(Consistency::linearizable));
  requests.read_ready(requests.begin_reads(Consistency::linearizable), LogIndex(4), raft::ReadProof::round);
  CHECK(take_readable(requests, LogIndex(4)).empty());
  requests.take_applied(LogIndex(5), Term(1), raft::NodeId());
  const std::vector<Requests::Readable> ordered = take_readable(requests, LogIndex(5));
  REQUIRE(ordered.size() == 1);
  CHECK(ordered[0].submission.token == Token{1, 3});
}

TEST_CASE("reads that can be answered and were not taken yet can be cancelled, run out, and are counted") {
  Answers answers;
  Requests requests(answers, kInboxBytesMax);
  for (std::uint64_t i = 1; i <= 6; ++i) {
    requests.submit(submission(i, Access::read, std::chrono::milliseconds(i == 5 ? 10 : 5000)));
  }
  requests.read_ready(requests.begin_reads(Consistency::linearizable), LogIndex(4), raft::ReadProof::round);
  CHECK(requests.take_readable(LogIndex(4))->submission.token == Token{1, 1});
  CHECK(requests.take_readable(LogIndex(4))->submission.token == Token{1, 2});
  CHECK(requests.inbox_bytes() == 40);
  requests.cancel({1, 3});
  requests.cancel({1, 1});
  REQUIRE(answers.ended.size() == 1);
  CHECK(answers.ended[3].error == TENON_ERROR_CANCELLED);
  REQUIRE(requests.next_expiry() == kStart + std::chrono::milliseconds(10));
  requests.expire(kStart + std::chrono::milliseconds(10), raft::NodeId());
  CHECK(answers.ended[5].error == TENON_ERROR_TIMEOUT);
  const std::vector<Requests::Readable> rest = take_readable(requests, LogIndex(4));
  REQUIRE(rest.size() == 2);
  CHECK(rest[0].submission.token == Token{1, 4});
  CHECK(rest[1].submission.token == Token{1, 6});
  CHECK(requests.inbox_bytes() == 0);
  CHECK(answers.ended.size() == 2);
}

TEST_CASE("a read after a write that ended in the inbox does not wait for it for ever") {
  Answers answers;
  Requests requests(answers, kInboxBytesMax);
  requests.submit(submission(1, Access::write));
  requests.submit(submission(2, Access::write));
  requests.submit(submission(3, Access::read, std::chrono::seconds(5), 10, Ordering::after_writes));
  requests.cancel({1, 1});
  CHECK_FALSE(requests.has_reads(Consistency::linearizable));
  requests.proposed(LogIndex(2), Term(1), requests.take_batch(1000, 100));
  requests.read_ready(requests.begin_reads(Consistency::linearizable), LogIndex(1), raft::ReadProof::round);
  CHECK(take_readable(requests, LogIndex(1)).empty());
  requests.take_applied(LogIndex(2), Term(1), raft::NodeId());
  CHECK(take_readable(requests, LogIndex(2)).size() == 1);
}

TEST_CASE("a read after writes waits for no entry that nobody waits for, though its log never comes so far") {
  Answers answers;
  Requests requests(answers, kInboxBytesMax);
  const auto read_after_writes = [&](std::uint64_t request) {
    requests.submit(submission(request, Access::read, std::chrono::seconds(5), 10, Ordering::after_writes));
    requests.read_ready(requests.begin_reads(Consistency::linearizable), LogIndex(4), raft::ReadProof::round);
  };
  requests.submit(submission(1, Access::write, std::chrono::milliseconds(10)));
  requests.submit(submission(2, Access::write));
  requests.proposed(LogIndex(9), Term(1), requests.take_batch(1000, 100));
  requests.expire(kStart + std::chrono::milliseconds(10), raft::NodeId());
  REQUIRE(answers.ended[1].outcome == Outcome::unknown);
  read_after_writes(3);
  CHECK(take_readable(requests, LogIndex(4)).empty());  // the other write of the entry goes on
  requests.cancel({1, 2});
  REQUIRE(answers.ended[2].outcome == Outcome::unknown);
  CHECK(take_readable(requests, LogIndex(4)).size() == 1);
  // The log has become another's, and is shorter.
  requests.submit(submission(4, Access::write));
  const std::uint64_t number = requests.forwardable(1000, 100).front().number;
  requests.forwarded(1, raft::NodeId(3));
  REQUIRE(requests.take_forwarded(number, raft::NodeId(3)).has_value());
  read_after_writes(5);
  CHECK(take_readable(requests, LogIndex(4)).size() == 1);
}

TEST_CASE("a read after a write that was passed on asks for its index only when the leader has answered the write") {
  Answers answers;
  Requests requests(answers, kInboxBytesMax);
  const raft::NodeId leader(3);
  requests.submit(submission(1, Access::write));
  requests.submit(submission(2, Access::read, std::chrono::seconds(5), 10, Ordering::after_writes));
  const std::vector<Requests::Forwardable> first = requests.forwardable(1000, 100);
  REQUIRE(first.size() == 1);
  requests.forwarded(1, leader);
  CHECK_FALSE(requests.has_reads(Consistency::linearizable));
  CHECK_FALSE(requests.take_forwarded(first[0].number, raft::NodeId(2)).has_value());  // it was not asked
  CHECK(requests.take_forwarded(first[0].number, leader)->token == Token{1, 1});
  CHECK_FALSE(requests.take_forwarded(first[0].number, leader).has_value());
  CHECK(requests.has_reads(Consistency::linearizable));
}

TEST_CASE("what was passed on is unknown when its leader cannot answer any more, and so is its time when it runs out") {
  Answers answers;
  Requests requests(answers, kInboxBytesMax);
  requests.submit(submission(1, Access::write));
  requests.submit(submission(2, Access::write));
  requests.submit(submission(3, Access::write));
  requests.forwarded(1, raft::NodeId(2));
  requests.forwarded(1, raft::NodeId(3));
  requests.lose_forwarded(raft::NodeId(2));
  REQUIRE(answers.ended.size() == 1);
  CHECK(answers.ended[1].outcome == Outcome::unknown);
  requests.expire(kStart + std::chrono::seconds(5), raft::NodeId());
  CHECK(answers.ended[2].outcome == Outcome::unknown);
  CHECK(answers.ended[3].outcome == Outcome::refused);
  CHECK(requests.inbox_bytes() == 0);
}

TEST_CASE("a write whose place another leader's entry took is refused, and one that was passed here is not passed on") {
  Answers answers;
  Requests requests(answers, kInboxBytesMax);
  requests.submit(submission(1, Access::write));
  requests.proposed(LogIndex(5), Term(1), requests.take_batch(1000, 100));
  requests.submit(submission(2, Access::write));
  requests.proposed(LogIndex(5), Term(3), requests.take_batch(1000, 100));
  const std::optional<Batch> applied = requests.take_applied(LogIndex(5), Term(3), raft::NodeId(1));
  REQUIRE(applied.has_value());
  CHECK(applied->waiting[0].token == Token{1, 2});
  REQUIRE(answers.ended.size() == 1);
  CHECK(answers.ended[1].outcome == Outcome::refused);
  CHECK(answers.ended[1].error == TENON_ERROR_NOT_LEADER);

  Submission from_a_peer = submission(3, Access::write);
  from_a_peer.token.queue = 0;
  requests.submit(std::move(from_a_peer));
  Submission stays = submission(4, Access::write);
  stays.forwarding = Forwarding::refused;
  requests.submit(std::move(stays));
  requests.submit(submission(5, Access::write));
  requests.refuse_unled(raft::NodeId(2));
  CHECK(answers.ended[3].outcome == Outcome::refused);
  CHECK(answers.ended[4].outcome == Outcome::refused);
  CHECK(answers.ended[4].leader == raft::NodeId(2));
  CHECK_FALSE(answers.ended.contains(5));
}

TEST_CASE("reads of a leader that is gone go back to the inbox") {
  Answers answers;
  Requests requests(answers, kInboxBytesMax);
  requests.submit(submission(1, Access::read));
  const raft::Token group = requests.begin_reads(Consistency::linearizable);
  CHECK(requests.inbox_bytes() == 10);
  requests.retry_reads(group);
  CHECK(requests.has_reads(Consistency::linearizable));
  CHECK(requests.inbox_bytes() == 10);
  CHECK(answers.ended.empty());
}

TEST_CASE("whatever happens, every request is answered exactly once, and the inbox is empty in the end") {
  const std::uint64_t seed = GENERATE(1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u);
  raft::Random random(seed);
  Answers answers;
  Requests requests(answers, 300);
  std::uint64_t submitted = 0;
  std::uint64_t next_index = 1;
  std::uint64_t applied = 0;
  Instant now = kStart;
  const auto finish = [&](const Submission& submission_of) {
    answers.answer({submission_of.token, {}, {}, {}, {}, {}});
  };
  const auto step = [&] {
    switch (random.below(6)) {
      case 0:
        requests.submit({{1, ++submitted},
                         random.below(2) == 0 ? Access::read : Access::write,
                         random.below(2) == 0 ? Ordering::free : Ordering::after_writes,
                         Forwarding::allowed,
                         std::string(random.below(60), 'c'),
                         now + std::chrono::milliseconds(random.below(50))});
        break;
      case 1:
        if (requests.has_writes()) {
          Batch batch = requests.take_batch(random.below(100), 1 + random.below(4));
          requests.proposed(LogIndex(next_index++), Term(1), std::move(batch));
        }
        break;
      case 2:
        if (applied + 1 < next_index) {
          const std::optional<Batch> batch = requests.take_applied(LogIndex(++applied), Term(1), raft::NodeId());
          for (const Batch::Waiting& waiting : batch->waiting) {
            if (waiting.token) answers.answer({*waiting.token, {}, {}, {}, {}, {}});
          }
        }
        break;
      case 3:
        if (requests.has_reads(Consistency::linearizable)) {
          requests.read_ready(requests.begin_reads(Consistency::linearizable), LogIndex(next_index - 1),
                              raft::ReadProof::round);
        }
        for (const Requests::Readable& read : take_readable(requests, LogIndex(applied))) finish(read.submission);
        break;
      case 4:
        now += std::chrono::milliseconds(random.below(5));
        requests.expire(now, raft::NodeId());
        break;
      default:
        requests.cancel({1, random.below(submitted + 1)});
    }
  };
  for (int i = 0; i < 20'000; ++i) step();
  requests.expire(now + std::chrono::hours(1), raft::NodeId());
  CHECK(answers.ended.size() == submitted);
  CHECK(requests.inbox_bytes() == 0);
  CHECK_FALSE(requests.next_expiry().has_value());
}

}  // namespace
}  // namespace tenon::node
