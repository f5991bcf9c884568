// SPDX-License-Identifier: MIT
#include "kv/command.hpp"

#include "random_command.hpp"
#include "store_model.hpp"
#include "support/catch.hpp"
#include "tenon/client_api.h"

namespace tenon::kv {
namespace {

std::string encoded(const Command& command) {
  std::string output;
  encode(command, output);
  return output;
}

// What a decoder may allocate for input of this size, beyond which a count was believed that was not checked.
void check_bounded(const Command& command, std::size_t input_size) {
  CHECK(command.compares.capacity() <= input_size);
  CHECK(command.operations.capacity() <= input_size);
  CHECK(command.otherwise.capacity() <= input_size);
}

TEST_CASE("a decoded command is what was encoded") {
  RandomCommand random(11);
  for (int i = 0; i < 2'000; ++i) {
    const Command command = random.draw_with_session();
    const std::string bytes = encoded(command);
    const std::optional<Command> decoded = decode(bytes);
    REQUIRE(decoded.has_value());
    CHECK(decoded->independent == command.independent);
    CHECK(decoded->session == command.session);
    CHECK(decoded->session_sequence == command.session_sequence);
    CHECK(decoded->session_outstanding == command.session_outstanding);
    REQUIRE(decoded->compares.size() == command.compares.size());
    REQUIRE(decoded->operations.size() == command.operations.size());
    REQUIRE(decoded->otherwise.size() == command.otherwise.size());
    CHECK(encoded(*decoded) == bytes);
    for (std::size_t k = 0; k < command.operations.size(); ++k) {
      const Operation& was = command.operations[k];
      const Operation& is = decoded->operations[k];
      CHECK((is.kind == was.kind && is.flags == was.flags && is.key == was.key && is.value == was.value));
      CHECK((is.range_end == was.range_end && is.cursor == was.cursor));
      CHECK((is.limit == was.limit && is.limit_bytes == was.limit_bytes));
      CHECK((is.delta == was.delta && is.expiry_ms == was.expiry_ms && is.revision == was.revision));
    }
    for (std::size_t k = 0; k < command.compares.size(); ++k) {
      const Compare& was = command.compares[k];
      const Compare& is = decoded->compares[k];
      CHECK((is.what == was.what && is.relation == was.relation && is.key == was.key));
      CHECK((is.value == was.value && is.number == was.number));
    }
  }
}

TEST_CASE("a command that was decoded before leaves nothing behind in the next") {
  RandomCommand random(12);
  Command used;
  for (int i = 0; i < 2'000; ++i) {
    const std::string bytes = encoded(random.draw_with_session());
    REQUIRE(decode(bytes, used));
    REQUIRE(encoded(used) == bytes);
    REQUIRE_FALSE(decode(std::string_view(bytes).substr(0, bytes.size() - 1), used));
  }
}

TEST_CASE("the bytes of a command are those that its format names") {
  Command command;
  command.independent = true;
  command.session = 1;
  command.session_sequence = 2;
  command.session_outstanding = 3;
  command.compares.push_back({TENON_COMPARE_VALUE, TENON_NOT_EQUAL, "k", "v", 0});
  command.compares.push_back({TENON_COMPARE_MODIFIED, TENON_GREATER, "k", {}, 0x0102});
  Operation put;
  put.kind = TENON_PUT;
  put.flags = TENON_WITH_PREVIOUS;
  put.key = "key";
  put.value = "value";
  put.expiry_ms = 9;
  command.operations.push_back(put);
  Operation increment;
  increment.kind = TENON_INCREMENT;
  increment.key = "n";
  increment.delta = -2;
  command.operations.push_back(increment);
  Operation append;
  append.kind = TENON_APPEND;
  append.key = "p";
  append.value = "more";
  append.limit_bytes = 7;
  command.operations.push_back(append);
  Operation expire;
  expire.kind = TENON_EXPIRE;
  expire.flags = TENON_EXPIRY_ABSOLUTE;
  expire.key = "e";
  expire.expiry_ms = 8;
  command.operations.push_back(expire);
  Operation scan;
  scan.kind = TENON_SCAN;
  scan.flags = TENON_SCAN_KEYS;
  scan.key = "a";
  scan.range_end = "b";
  scan.revision = 4;
  scan.limit = 5;
  scan.limit_bytes = 6;
  command.otherwise.push_back(scan);
  Operation get;
  get.kind = TENON_GET;
  get.key = "g";
  get.revision = 3;
  command.otherwise.push_back(get);
  Operation range;
  range.kind = TENON_DELETE_RANGE;
  range.key = "r";
  range.range_end = "s";
  range.limit = 10;
  command.otherwise.push_back(range);
  constexpr char expected[] =
      "\x02\x01\x00\x00"  // format, independent, zero
      "\x01\0\0\0\0\0\0\0"
      "\x02\0\0\0\0\0\0\0"
      "\x03\0\0\0\0\0\0\0"  // session, its sequence, its outstanding
      "\x02\0\0\0"
      "\x04\0\0\0"
      "\x03\0\0\0"  // counts
      "\x01\x02"
      "\x01\0\0\0k"
      "\x01\0\0\0v"  // compare of a value
      "\x04\x04"
      "\x01\0\0\0k"
      "\x02\x01\0\0\0\0\0\0"  // compare of a number
      "\x03\x20\0\0\0"
      "\x03\0\0\0key"
      "\x05\0\0\0value"
      "\x09\0\0\0\0\0\0\0"  // put
      "\x05\0\0\0\0"
      "\x01\0\0\0n"
      "\xfe\xff\xff\xff\xff\xff\xff\xff"  // increment
      "\x04\0\0\0\0"
      "\x01\0\0\0p"
      "\x04\0\0\0more"
      "\x07\0\0\0\0\0\0\0"  // append
      "\x08\x80\0\0\0"
      "\x01\0\0\0"
      "e\x08\0\0\0\0\0\0\0"  // expire
      "\x02\x08\0\0\0"
      "\x01\0\0\0"
      "a\x01\0\0\0"
      "b\0\0\0\0"  // scan: range and no cursor
      "\x04\0\0\0\0\0\0\0"
      "\x05\0\0\0\0\0\0\0"
      "\x06\0\0\0\0\0\0\0"  //   and its limits
      "\x01\0\0\0\0"
      "\x01\0\0\0g"
      "\x03\0\0\0\0\0\0\0"  // get
      "\x07\0\0\0\0"
      "\x01\0\0\0r"
      "\x01\0\0\0s\0\0\0\0"
      "\x0a\0\0\0\0\0\0\0";  // delete range
  CHECK(encoded(command) == std::string(expected, sizeof expected - 1));
}

TEST_CASE("a command that is cut anywhere is refused") {
  RandomCommand random(12);
  for (int i = 0; i < 300; ++i) {
    const std::string bytes = encoded(random.draw_with_session());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      // Copied to its exact size, so that a sanitizer sees a read beyond the end.
      const std::vector<char> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
      REQUIRE_FALSE(decode({cut.data(), cut.size()}).has_value());
    }
    REQUIRE_FALSE(decode(bytes + '\0').has_value());
  }
}

TEST_CASE("damaged bytes decode to nothing, or to a command that is harmless and encodes to the same bytes") {
  RandomCommand commands(13);
  raft::Random random(14);
  std::size_t refused = 0;
  std::size_t accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = encoded(commands.draw_with_session());
    for (std::uint64_t flips = 1 + random.below(4); flips > 0; --flips) {
      char& byte = bytes[random.below(bytes.size())];
      byte = static_cast<char>(byte ^ (1 << random.below(8)));
    }
    const std::optional<Command> decoded = decode(bytes);
    if (!decoded) {
      ++refused;
      continue;
    }
    ++accepted;
    check_bounded(*decoded, bytes.size());
    REQUIRE(encoded(*decoded) == bytes);
    Store store;
    store.begin_entry(1);
    store.apply(*decoded);
  }
  CHECK(refused > 1'000);
  CHECK(accepted > 1'000);
}

TEST_CASE("random bytes and hostile counts are refused before anything is allocated for them") {
  raft::Random random(15);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(random.below(80), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.below(256));
    if (!bytes.empty()) bytes[0] = 2;
    decode(bytes);
  }
  for (const std::size_t count_at : {28u, 32u, 36u}) {
    std::string bytes = encoded(Command());
    for (std::size_t i = 0; i < 4; ++i) bytes[count_at + i] = '\xff';
    CHECK_FALSE(decode(bytes).has_value());
    bytes.append(1000, '\0');
    CHECK_FALSE(decode(bytes).has_value());
  }
}

TEST_CASE("an unknown format, flag, kind, compare or relation, a scan without limits and a false cursor are refused") {
  RandomCommand random(16);
  std::string bytes = encoded(random.draw_with_session());
  for (const auto& [offset, value] : {std::pair<std::size_t, char>{0, 1}, {0, 3}, {1, 2}, {2, 1}, {3, 1}}) {
    std::string changed = bytes;
    changed[offset] = value;
    CHECK_FALSE(decode(changed).has_value());
  }
  const auto refuses_compare = [](std::uint8_t what, std::uint8_t relation) {
    Command command;
    command.compares.push_back({what, relation, "k", {}, 0});
    return !decode(encoded(command)).has_value();
  };
  CHECK(refuses_compare(0, TENON_EQUAL));
  CHECK(refuses_compare(TENON_COMPARE_MODIFIED + 1, TENON_EQUAL));
  CHECK(refuses_compare(TENON_COMPARE_VERSION, 0));
  CHECK(refuses_compare(TENON_COMPARE_VERSION, TENON_GREATER + 1));
  CHECK_FALSE(refuses_compare(TENON_COMPARE_VERSION, TENON_EQUAL));
  const auto refuses = [](std::uint32_t kind, std::uint64_t limit, std::uint64_t limit_bytes, std::string_view cursor) {
    Command command;
    Operation operation;
    operation.kind = kind;
    operation.key = "k";
    operation.cursor = cursor;
    operation.limit = limit;
    operation.limit_bytes = limit_bytes;
    command.operations.push_back(operation);
    return !decode(encoded(command)).has_value();
  };
  const std::string cursor = encode_cursor({1, "key"});
  const std::string_view cut = std::string_view(cursor).substr(0, 8);
  CHECK(refuses(0, 1, 1, {}));
  CHECK(refuses(TENON_WATCH, 1, 1, {}));
  CHECK(refuses(TENON_ADMIN, 1, 1, {}));
  CHECK(refuses(TENON_SCAN, 0, 1, {}));
  CHECK(refuses(TENON_SCAN, 1, 0, {}));
  CHECK(refuses(TENON_SCAN, 1, 1, "\x01key"));
  CHECK(refuses(TENON_SCAN, 1, 1, cut));
  CHECK_FALSE(refuses(TENON_SCAN, 1, 1, cursor));
  CHECK(refuses(TENON_DELETE_RANGE, 0, 1, {}));
  CHECK(refuses(TENON_DELETE_RANGE, 1, 1, cut));
  CHECK_FALSE(refuses(TENON_DELETE_RANGE, 1, 1, cursor));
  CHECK(refuses(TENON_APPEND, 1, 0, {}));
  CHECK_FALSE(refuses(TENON_APPEND, 1, 1, {}));
  CHECK(refuses(TENON_SESSION_OPEN, 1, 1, {}));  // without a duration
}

TEST_CASE("an operation on sessions is the only one of its command") {
  Operation close;
  close.kind = TENON_SESSION_CLOSE;
  Operation get;
  get.kind = TENON_GET;
  get.key = "k";
  Command command;
  command.operations = {close};
  CHECK(decode(encoded(command)).has_value());
  command.operations = {close, get};
  CHECK_FALSE(decode(encoded(command)).has_value());
  command.operations = {close};
  command.otherwise = {get};
  CHECK_FALSE(decode(encoded(command)).has_value());
  command.otherwise = {close};
  command.operations = {get};
  CHECK_FALSE(decode(encoded(command)).has_value());
  command.otherwise.clear();
  command.operations = {close};
  command.compares.push_back({TENON_COMPARE_VERSION, TENON_EQUAL, "k", {}, 0});
  CHECK_FALSE(decode(encoded(command)).has_value());
}

TEST_CASE("a cursor names its key and revision, and other bytes are not a cursor") {
  for (const std::string& key : {std::string(), std::string("k"), std::string("\0\xff", 2)}) {
    const std::string cursor = encode_cursor({7, key});
    CHECK(cursor.size() == encoded_cursor_bytes(key));
    const std::optional<Cursor> decoded = decode_cursor(cursor);
    REQUIRE(decoded.has_value());
    CHECK(decoded->revision == 7);
    CHECK(decoded->key == key);
  }
  CHECK_FALSE(decode_cursor("").has_value());
  CHECK_FALSE(decode_cursor("a key of some length").has_value());
}

TEST_CASE("a command reads the state of the greatest revision that it names") {
  Operation get;
  get.kind = TENON_GET;
  get.key = "k";
  Command command;
  command.operations = {get};
  CHECK(read_revision(command) == 0);
  const std::string cursor = encode_cursor({9, "k"});
  Operation scan = get;
  scan.kind = TENON_SCAN;
  scan.cursor = cursor;
  command.operations[0].revision = 5;
  CHECK(read_revision(command) == 5);
  command.otherwise = {scan};
  CHECK(read_revision(command) == 9);
  command.otherwise[0].kind = TENON_DELETE_RANGE;  // which works on the state of now
  CHECK(read_revision(command) == 5);
}

TEST_CASE("only what can make the state greater is said to") {
  const auto one = [](std::uint32_t kind) {
    Command command;
    Operation& operation = command.operations.emplace_back();
    operation.kind = kind;
    operation.key = "k";
    operation.limit = operation.limit_bytes = operation.expiry_ms = 1;
    return grows(encoded(command));
  };
  for (const std::uint32_t kind : {TENON_PUT, TENON_APPEND, TENON_INCREMENT, TENON_SESSION_OPEN}) CHECK(one(kind));
  for (const std::uint32_t kind : {TENON_GET, TENON_SCAN, TENON_DELETE, TENON_DELETE_RANGE, TENON_EXPIRE, TENON_PERSIST,
                                   TENON_SESSION_KEEP_ALIVE, TENON_SESSION_CLOSE}) {
    CHECK_FALSE(one(kind));
  }
}

}  // namespace
}  // namespace tenon::kv
