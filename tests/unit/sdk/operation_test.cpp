// SPDX-License-Identifier: MIT
#include "tenon/operation.hpp"

#include <array>
#include <string>

#include "support/catch.hpp"

namespace tenon {

TEST_CASE("the end of a prefix is the least key above every key with it") {
  CHECK(prefix_end("a") == "b");
  CHECK(prefix_end("ab") == "ac");
  CHECK(prefix_end("a\xff") == "b");
  CHECK(prefix_end("a\x7f") == "a\x80");
  CHECK(prefix_end("a\xfe\xff\xff") == "a\xff");
  CHECK(prefix_end(std::string_view("a\0", 2)) == "a\x01");
}

TEST_CASE("a prefix above which there is no key has an empty end") {
  CHECK(prefix_end("").empty());
  CHECK(prefix_end("\xff").empty());
  CHECK(prefix_end("\xff\xff").empty());
}

TEST_CASE("the end of a prefix divides the keys that have it from those that do not") {
  std::vector<std::string> keys = {""};
  for (const char first : {'\0', 'a', '\xfe', '\xff'}) {
    keys.push_back({first});
    for (const char second : {'\0', 'a', '\xfe', '\xff'}) keys.push_back({first, second});
  }
  const auto less = [](const std::string& left, const std::string& right) {
    return left.compare(right) < 0;  // of char_traits, which compares as unsigned
  };
  for (const std::string& prefix : keys) {
    const std::string end = prefix_end(prefix);
    for (const std::string& key : keys) {
      const bool within = !less(key, prefix) && (end.empty() || less(key, end));
      CHECK(within == key.starts_with(prefix));
    }
  }
}

TEST_CASE("operations carry their size, kind and bytes") {
  const tenon_operation written = put("key", "value", TENON_WITH_PREVIOUS);
  CHECK(written.struct_size == sizeof(tenon_operation));
  CHECK(written.kind == TENON_PUT);
  CHECK(written.flags == TENON_WITH_PREVIOUS);
  CHECK(view(written.key) == "key");
  CHECK(view(written.value) == "value");
  CHECK(get("key").kind == TENON_GET);
  CHECK(erase("key").kind == TENON_DELETE);
  CHECK(view(scan("a", "b", 7).range_end) == "b");
  CHECK(scan("a", "b", 7).limit == 7);
  CHECK(scan_prefix("a").flags == TENON_RANGE_PREFIX);
  CHECK(view(admin("status", "x").value) == "x");
}

TEST_CASE("a request borrows the arrays that it was made of") {
  const std::array operations = {put("a", "1"), put("b", "2")};
  const std::array compares = {absent("a")};
  const tenon_request made = request(7, operations, compares);
  CHECK(made.struct_size == sizeof(tenon_request));
  CHECK(made.id == 7);
  CHECK(made.operations == operations.data());
  CHECK(made.operation_count == 2);
  CHECK(made.compare_count == 1);
  CHECK(made.otherwise_count == 0);
  CHECK(compares[0].what == TENON_COMPARE_VERSION);
  CHECK(compares[0].relation == TENON_EQUAL);
  CHECK(compares[0].number == 0);
  const tenon_compare value = compare_value("k", TENON_LESS, "v");
  CHECK(value.struct_size == sizeof(tenon_compare));
  CHECK(view(value.value) == "v");
}

TEST_CASE("the operations that change the keyspace are those from put to persist") {
  for (const std::uint32_t kind :
       {TENON_PUT, TENON_APPEND, TENON_INCREMENT, TENON_DELETE, TENON_DELETE_RANGE, TENON_EXPIRE, TENON_PERSIST}) {
    CHECK(changes_keyspace(kind));
  }
  for (const std::uint32_t kind : {TENON_GET, TENON_SCAN, TENON_WATCH, TENON_PUBLISH, TENON_ADMIN}) {
    CHECK_FALSE(changes_keyspace(kind));
  }
}

}  // namespace tenon
