// SPDX-License-Identifier: MIT
#include "checks/history.hpp"

#include <span>

#include "support/catch.hpp"
#include "tenon/client_api.h"

namespace tenon::sim {
namespace {

using raft::LogIndex;
using raft::Term;

std::string command(std::uint32_t kind, std::string_view key, std::string_view value = {},
                    std::uint64_t expiry_ms = 0) {
  kv::Command made;
  kv::Operation operation;
  operation.kind = kind;
  operation.key = key;
  operation.value = value;
  operation.expiry_ms = expiry_ms;
  if (kind == TENON_APPEND) operation.limit_bytes = 100;
  if (kind == TENON_INCREMENT) operation.delta = 1;
  made.operations.push_back(operation);
  std::string data;
  kv::encode(made, data);
  return data;
}

// The same entries, once to the model and once to a store.
struct Log {
  EventQueue events;
  Trace trace{events};
  Acknowledgements acknowledgements;
  History history{trace, acknowledgements};
  kv::Store store;
  std::uint64_t last = 1;

  Log() { history.committed(LogIndex(1), Term(1), ~std::uint64_t{0}); }

  void commit(const std::string& of_model, const std::string& of_store) {
    const LogIndex index(++last);
    const std::string_view commands[] = {of_model};
    history.seen(index, Term(1), wire::encode_commands(1'000, commands));
    history.committed(index, Term(1), ~std::uint64_t{0});
    store.begin_entry(1'000);
    if (!of_store.empty()) store.apply(*kv::decode(of_store));
  }
  void commit(const std::string& both) { commit(both, both); }
  bool agrees() {
    try {
      history.check_content(1, LogIndex(last), store);
    } catch (const Violation& violation) {
      CHECK(violation.kind == "image-state");
      return false;
    }
    return true;
  }
};

TEST_CASE("a state that is what the log makes is taken for it") {
  Log log;
  CHECK(log.agrees());
  log.commit(command(TENON_PUT, "a", "1"));
  log.commit(command(TENON_PUT, "lease b", "2", 5'000));
  log.commit(command(TENON_APPEND, "a", "5"));
  log.commit(command(TENON_INCREMENT, "a"));
  log.commit(command(TENON_INCREMENT, "c"));
  log.commit(command(TENON_PUT, "d", "text"));
  log.commit(command(TENON_INCREMENT, "d"));
  log.commit(command(TENON_DELETE, "c"));
  log.commit(command(TENON_DELETE, "c"));
  log.commit(command(TENON_PERSIST, "lease b"));
  log.commit(command(TENON_EXPIRE, "lease b", {}, 7'000));
  CHECK(log.agrees());
}

TEST_CASE("a state with one key, value or expiry that is another is seen") {
  const auto differs = [](const std::string& of_model, const std::string& of_store) {
    Log log;
    log.commit(command(TENON_PUT, "a", "1"));
    log.commit(command(TENON_PUT, "b", "2"));
    log.commit(of_model, of_store);
    return !log.agrees();
  };
  CHECK_FALSE(differs(command(TENON_DELETE, "a"), command(TENON_DELETE, "a")));
  CHECK(differs(command(TENON_DELETE, "a"), ""));
  CHECK(differs(command(TENON_DELETE, "a"), command(TENON_DELETE, "b")));
  CHECK(differs(command(TENON_PUT, "a", "3"), command(TENON_PUT, "a", "4")));
  CHECK(differs(command(TENON_PUT, "c", "3"), command(TENON_PUT, "d", "3")));
  CHECK(differs(command(TENON_PUT, "lease a", "3", 100), command(TENON_PUT, "lease a", "3", 101)));
  CHECK(differs(command(TENON_INCREMENT, "a"), command(TENON_INCREMENT, "b")));
}

TEST_CASE("a stamp before an earlier one, and a stamp ahead of the time, are seen") {
  Log log;
  log.commit(command(TENON_PUT, "a", "1"));
  const std::span<const std::string_view> commands;
  const auto violation = [&](std::uint64_t stamp_ms, std::uint64_t wall_ms_max) -> std::string {
    log.history.seen(LogIndex(3), Term(2), wire::encode_commands(stamp_ms, commands));
    try {
      log.history.committed(LogIndex(3), Term(2), wall_ms_max);
    } catch (const Violation& found) {
      return found.kind;
    }
    return "";
  };
  SECTION("before") { CHECK(violation(999, 2'000) == "cluster-time"); }
  SECTION("ahead") { CHECK(violation(2'001, 2'000) == "cluster-time"); }
  SECTION("neither") { CHECK(violation(2'000, 2'000).empty()); }
}

}  // namespace
}  // namespace tenon::sim
