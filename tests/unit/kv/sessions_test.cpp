// SPDX-License-Identifier: MIT
#include "kv/sessions.hpp"

#include <random>

#include "support/catch.hpp"

namespace tenon::kv {
namespace {

constexpr std::uint64_t kMinute = 60'000;
constexpr std::uint64_t kRequest = 0x8899aabbccddeeff;  // the hash of one

bool executes(Sessions& sessions, std::uint64_t id, std::uint64_t sequence, std::uint64_t outstanding,
              std::uint64_t now_ms, std::string reply = "done") {
  if (sessions.admit(id, sequence, kRequest, outstanding, now_ms).admission != Admission::execute) return false;
  sessions.keep(id, sequence, kRequest, std::move(reply));
  return true;
}

Admission admission(Sessions& sessions, std::uint64_t id, std::uint64_t sequence, std::uint64_t now_ms) {
  return sessions.admit(id, sequence, kRequest, 0, now_ms).admission;
}

std::vector<std::string> encoded(const SessionsSnapshot& snapshot) {
  std::vector<std::string> all;
  SessionsEncoder encoder(snapshot);
  for (std::string one; encoder.next(one); one.clear()) all.push_back(one);
  return all;
}

std::optional<Sessions> reloaded(const SessionsSnapshot& snapshot) {
  Sessions sessions;
  sessions.restore_last_id(snapshot.last_id());
  for (const std::string& one : encoded(snapshot)) {
    if (!sessions.restore(one)) return std::nullopt;
  }
  return sessions;
}

}  // namespace

TEST_CASE("a sequence executes once, and its retry gets the reply of the first try") {
  Sessions sessions;
  const std::uint64_t id = sessions.open(kMinute, 100).value();
  CHECK(executes(sessions, id, 1, 1, 200, "first"));
  const Admitted again = sessions.admit(id, 1, kRequest, 1, 300);
  CHECK(again.admission == Admission::repeated);
  CHECK(again.reply == "first");
  CHECK(executes(sessions, id, 2, 1, 300, "second"));
  CHECK(sessions.admit(id, 1, kRequest, 1, 300).reply == "first");
}

TEST_CASE("a sequence that comes again with another request is neither executed nor answered") {
  Sessions sessions;
  const std::uint64_t id = sessions.open(1'000, 0).value();
  CHECK(executes(sessions, id, 1, 1, 0, "first"));
  const std::uint64_t hash = sessions.hash();
  const Admitted other = sessions.admit(id, 1, kRequest + 1, 1, 0);
  CHECK(other.admission == Admission::reused);
  CHECK(other.reply.empty());
  CHECK(sessions.hash() == hash);
  CHECK(sessions.admit(id, 1, kRequest + 1, 1, 500).admission == Admission::reused);
  CHECK(sessions.next_expiry_ms() == 1'500u);
  CHECK(sessions.admit(id, 1, kRequest, 1, 500).reply == "first");
  std::optional<Sessions> loaded = reloaded(sessions.pin());
  REQUIRE(loaded);
  CHECK(loaded->admit(id, 1, kRequest + 1, 1, 500).admission == Admission::reused);
  CHECK(loaded->admit(id, 1, kRequest, 1, 500).reply == "first");
}

TEST_CASE("sessions whose replies belong to other requests are not the same") {
  Sessions left;
  Sessions right;
  for (Sessions* sessions : {&left, &right}) {
    REQUIRE(sessions->open(kMinute, 0) == 1u);
    const std::uint64_t request = sessions == &left ? kRequest : kRequest + 1;
    REQUIRE(sessions->admit(1, 1, request, 1, 0).admission == Admission::execute);
    sessions->keep(1, 1, request, "reply");
  }
  CHECK(left.hash() != right.hash());
  CHECK(encoded(left.pin()) != encoded(right.pin()));
}

TEST_CASE("sequences may come in any order") {
  Sessions sessions;
  const std::uint64_t id = sessions.open(kMinute, 0).value();
  for (const unsigned sequence : {5u, 2u, 9u, 1u}) CHECK(executes(sessions, id, sequence, 1, 0));
  for (const unsigned sequence : {1u, 2u, 5u, 9u}) CHECK(admission(sessions, id, sequence, 0) == Admission::repeated);
  for (const unsigned sequence : {3u, 4u, 10u}) CHECK(admission(sessions, id, sequence, 0) == Admission::execute);
}

TEST_CASE("what the client no longer waits for is forgotten, and never executes again") {
  Sessions sessions;
  const std::uint64_t id = sessions.open(kMinute, 0).value();
  for (std::uint64_t sequence = 1; sequence <= 5; ++sequence) {
    CHECK(executes(sessions, id, sequence, 1, 0, std::string(100, 'r')));
  }
  CHECK(sessions.kept_bytes() == 500);
  CHECK(executes(sessions, id, 6, 4, 0, std::string(100, 'r')));
  CHECK(sessions.kept_bytes() == 300);
  for (const unsigned sequence : {1u, 3u}) CHECK(admission(sessions, id, sequence, 0) == Admission::forgotten);
  CHECK(admission(sessions, id, 4, 0) == Admission::repeated);
  CHECK(sessions.admit(id, 5, kRequest, 2, 0).admission == Admission::repeated);
  CHECK(admission(sessions, id, 3, 0) == Admission::forgotten);
}

TEST_CASE("only so many sequences may be outstanding") {
  Sessions sessions;
  const std::uint64_t id = sessions.open(kMinute, 0).value();
  CHECK(admission(sessions, id, kSequencesMax, 0) == Admission::execute);
  CHECK(admission(sessions, id, kSequencesMax + 1, 0) == Admission::too_far);
  CHECK(sessions.admit(id, kSequencesMax + 1, kRequest, 2, 0).admission == Admission::execute);
  CHECK(sessions.admit(id, 1'000'000, kRequest, 1'000'000, 0).admission == Admission::execute);
  CHECK(admission(sessions, id, ~std::uint64_t{0}, 0) == Admission::too_far);
}

TEST_CASE("an expired session executes nothing, whether it was swept or not") {
  Sessions sessions;
  const std::uint64_t id = sessions.open(1'000, 5'000).value();
  CHECK(executes(sessions, id, 1, 1, 5'999));
  CHECK(admission(sessions, id, 1, 6'998) == Admission::repeated);
  CHECK(sessions.next_expiry_ms() == 7'998u);
  CHECK(admission(sessions, id, 1, 7'998) == Admission::expired);
  CHECK(admission(sessions, id, 2, 7'998) == Admission::expired);
  CHECK_FALSE(sessions.keep_alive(id, 0, 7'998));
  CHECK_FALSE(sessions.close(id, 7'998));
  CHECK(sessions.size() == 1);
  sessions.sweep(7'998);
  CHECK(sessions.size() == 0);
  CHECK(sessions.kept_bytes() == 0);
  CHECK_FALSE(sessions.next_expiry_ms());
  CHECK(admission(sessions, id, 2, 7'998) == Admission::expired);
}

TEST_CASE("every command of a session renews it, also one that is not executed") {
  Sessions sessions;
  const std::uint64_t id = sessions.open(1'000, 0).value();
  CHECK(sessions.keep_alive(id, 5, 900));
  CHECK(sessions.next_expiry_ms() == 1'900u);
  CHECK(admission(sessions, id, 1, 1'800) == Admission::forgotten);
  CHECK(sessions.next_expiry_ms() == 2'800u);
  CHECK(admission(sessions, id, 999, 2'700) == Admission::too_far);
  CHECK(sessions.next_expiry_ms() == 3'700u);
  sessions.sweep(3'699);
  CHECK(sessions.size() == 1);
}

TEST_CASE("an id is never used again") {
  Sessions sessions;
  const std::uint64_t first = sessions.open(kMinute, 0).value();
  CHECK(sessions.close(first, 0));
  CHECK_FALSE(sessions.close(first, 0));
  CHECK(sessions.open(kMinute, 0).value() > first);
  CHECK(admission(sessions, first, 1, 0) == Admission::expired);
}

TEST_CASE("a session without end has one all the same in arithmetic") {
  Sessions sessions;
  const std::uint64_t id = sessions.open(~std::uint64_t{0}, 5).value();
  CHECK(admission(sessions, id, 1, ~std::uint64_t{0} - 1) == Admission::execute);
}

TEST_CASE("there are so many sessions and no more, and a sweep takes a part of them") {
  Sessions sessions;
  for (std::size_t i = 0; i < kSessionsMax; ++i) REQUIRE(sessions.open(1'000 + i, 0));
  CHECK_FALSE(sessions.open(kMinute, 0));
  CHECK(sessions.last_id() == kSessionsMax);
  sessions.sweep(kMinute);
  CHECK(sessions.size() == kSessionsMax - kSessionSweepMax);
  CHECK(sessions.next_expiry_ms() == 1'000 + kSessionSweepMax);
  CHECK(sessions.open(kMinute, kMinute) == kSessionsMax + 1);
  CHECK(sessions.size() == kSessionsMax - kSessionSweepMax + 1);
}

TEST_CASE("large replies are kept as long as there is room, small ones always") {
  Sessions sessions;
  CHECK_FALSE(sessions.keeps_whole(kKeptReplyBytesMax + 1));
  std::uint64_t id = sessions.open(kMinute, 0).value();
  std::uint64_t sequence = 0;
  while (sessions.keeps_whole(kKeptReplyBytesMax)) {
    if (sequence == kSequencesMax) {
      id = sessions.open(kMinute, 0).value();
      sequence = 0;
    }
    REQUIRE(executes(sessions, id, ++sequence, 1, 0, std::string(kKeptReplyBytesMax, 'r')));
  }
  CHECK(sessions.kept_bytes() == kKeptBytesMax);
  CHECK_FALSE(sessions.keeps_whole(kKeptSmallBytesMax + 1));
  CHECK(sessions.keeps_whole(kKeptSmallBytesMax));
  const std::uint64_t other = sessions.open(kMinute, 0).value();
  CHECK(executes(sessions, other, 1, 1, 0, std::string(kKeptSmallBytesMax, 'r')));
  CHECK(reloaded(sessions.pin()).has_value());
  CHECK(sessions.close(id, 0));
  CHECK(sessions.keeps_whole(kKeptReplyBytesMax));
}

TEST_CASE("a snapshot stays as it was when it was pinned") {
  Sessions sessions;
  const std::uint64_t one = sessions.open(kMinute, 0).value();
  const std::uint64_t two = sessions.open(kMinute, 0).value();
  CHECK(executes(sessions, one, 1, 1, 0, "one"));
  const SessionsSnapshot snapshot = sessions.pin();
  const std::vector<std::string> at_pin = encoded(snapshot);
  CHECK(executes(sessions, one, 2, 2, 10, "two"));
  CHECK(sessions.close(two, 10));
  sessions.open(kMinute, 10);
  const SessionsSnapshot later = sessions.pin();
  CHECK(sessions.keep_alive(one, 0, 20));
  CHECK(encoded(snapshot) == at_pin);
  CHECK(snapshot.size() == 2);
  CHECK(encoded(later) != at_pin);
  CHECK(snapshot.hash() != later.hash());
  CHECK(later.hash() != sessions.hash());
}

TEST_CASE("the image of sessions has its size, its order and its hash, and reads back") {
  Sessions sessions;
  for (int i = 0; i < 300; ++i) sessions.open(kMinute + static_cast<std::uint64_t>(i), 0);
  for (std::uint64_t id = 1; id <= 300; id += 3) CHECK(sessions.close(id, 0));
  for (int i = 0; i < 50; ++i) sessions.open(kMinute, 0);
  for (std::uint64_t id = 2; id <= 300; id += 3) CHECK(executes(sessions, id, 1 + id % 64, 1, 7, std::string(id, 'r')));
  const SessionsSnapshot snapshot = sessions.pin();
  std::size_t bytes = 0;
  for (const std::string& one : encoded(snapshot)) bytes += one.size();
  CHECK(bytes == snapshot.encoded_bytes());
  std::optional<Sessions> loaded = reloaded(snapshot);
  REQUIRE(loaded);
  CHECK(loaded->hash() == sessions.hash());
  CHECK(loaded->kept_bytes() == sessions.kept_bytes());
  CHECK(loaded->next_expiry_ms() == sessions.next_expiry_ms());
  CHECK(encoded(loaded->pin()) == encoded(snapshot));
  CHECK(loaded->admit(2, 3, kRequest, 1, 8).reply == "rr");
  CHECK(loaded->open(kMinute, 0) == 351u);
}

TEST_CASE("what is no session of an image is refused") {
  Sessions sessions;
  sessions.open(kMinute, 0);
  const std::uint64_t id = sessions.open(kMinute, 0).value();
  CHECK(executes(sessions, id, 3, 2, 0, "three"));
  CHECK(executes(sessions, id, 4, 2, 0, "four"));
  const std::string good = encoded(sessions.pin()).back();
  const auto accepts = [](const std::string& bytes, std::uint64_t last_id) {
    Sessions made;
    made.restore_last_id(last_id);
    return made.restore(bytes);
  };
  CHECK(accepts(good, id));
  CHECK_FALSE(accepts(good, id - 1));
  CHECK_FALSE(accepts(good + "x", id));
  for (std::size_t size = 0; size < good.size(); ++size) CHECK_FALSE(accepts(good.substr(0, size), id));
  const auto with = [&good](std::size_t at, char byte) {
    std::string bytes = good;
    bytes[at] = byte;
    return bytes;
  };
  CHECK_FALSE(accepts(with(0, 0), id));   // the id
  CHECK_FALSE(accepts(with(24, 5), id));  // lowest above the sequences
  CHECK_FALSE(accepts(with(24, 0), id));
  CHECK_FALSE(accepts(with(32, 1), id));  // the count of replies
  CHECK_FALSE(accepts(with(32, 65), id));
  CHECK_FALSE(accepts(with(36, 4), id));   // the first sequence as large as the second
  CHECK_FALSE(accepts(with(36, 66), id));  // beyond what may be outstanding
  Sessions twice;
  twice.restore_last_id(id);
  CHECK(twice.restore(good));
  CHECK_FALSE(twice.restore(good));
}

// What pitfalls of other systems have in common: nodes that forget differently. Two nodes take the same commands; one
// of them is replaced by its own image now and then, and pins come and go.
TEST_CASE("nodes that take the same commands hold the same sessions, through images and pins") {
  std::mt19937 random(11);
  const auto below = [&random](std::uint64_t bound) {
    return std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(random);
  };
  Sessions left;
  Sessions right;
  std::map<std::pair<std::uint64_t, std::uint64_t>, int> executions;
  std::optional<SessionsSnapshot> pinned;
  std::uint64_t now = 0;
  for (unsigned step = 0; step < 20'000; ++step) {
    now += below(20);
    const std::uint64_t id = 1 + below(left.last_id() + 1);
    const std::uint64_t sequence = 1 + below(30);
    const std::uint64_t outstanding = below(8) == 0 ? 1 + below(sequence) : 0;
    left.sweep(now);
    right.sweep(now);
    switch (below(16)) {
      case 0:
        CHECK(left.open(200 + step % 97, now) == right.open(200 + step % 97, now));
        break;
      case 1:
        CHECK(left.close(id, now) == right.close(id, now));
        break;
      case 2:
        CHECK(left.keep_alive(id, outstanding, now) == right.keep_alive(id, outstanding, now));
        break;
      case 3:
        pinned = left.pin();
        break;
      case 4: {
        std::optional<Sessions> loaded = reloaded(right.pin());
        REQUIRE(loaded);
        right = std::move(*loaded);
        break;
      }
      default: {
        const bool executed = executes(left, id, sequence, outstanding, now, std::to_string(step));
        CHECK(executes(right, id, sequence, outstanding, now, std::to_string(step)) == executed);
        if (executed) CHECK(++executions[std::make_pair(id, sequence)] == 1);
      }
    }
    REQUIRE(left.hash() == right.hash());
  }
  CHECK(left.last_id() > 500);
  CHECK(encoded(left.pin()) == encoded(right.pin()));
}

}  // namespace tenon::kv
