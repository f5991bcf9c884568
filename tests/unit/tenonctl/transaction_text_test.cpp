// SPDX-License-Identifier: MIT
#include "tenonctl/transaction_text.hpp"

#include <stdexcept>

#include "support/catch.hpp"

namespace tenon::tenonctl {
namespace {

using client::Compare;
using client::Operation;

void check_refused(const std::string& text, const std::string& part) {
  CHECK_THROWS_WITH(parse_transaction(text), Catch::Contains(part));
}

}  // namespace

TEST_CASE("fields are divided by blanks, but within double quotes") {
  CHECK(fields_of("").empty());
  CHECK(fields_of(" \t\r").empty());
  CHECK(fields_of("put  k\tv ") == std::vector<std::string>{"put", "k", "v"});
  CHECK(fields_of(R"(put "a b" "" "\n\t\r\"\\\xfF")") == std::vector<std::string>{"put", "a b", "", "\n\t\r\"\\\xff"});
  for (const char* const wrong : {R"("open)", R"("\q")", R"("\x1")", R"("\x1g")", R"("\)", R"("a"b)"}) {
    CHECK_THROWS_AS(fields_of(wrong), std::runtime_error);
  }
}

TEST_CASE("a transaction has its conditions, operations, and what runs otherwise") {
  const client::Transaction made = parse_transaction(
      "if absent a\nif exists b\nif value c = \"x y\"\nif version d > 3\nif create_revision e != 4\n"
      "if mod_revision f < 5\n\nput k v\nput k v 90s\nget k\ndel k\ndel-prefix p\nappend k v\nincrement k -5\n"
      "expire k 1h\npersist k\nelse\nget other\n");
  REQUIRE(made.compares.size() == 6);
  CHECK((made.compares[0].target == Compare::Target::kVersion && made.compares[0].number == 0));
  CHECK(made.compares[0].relation == Compare::Relation::kEqual);
  CHECK(made.compares[1].relation == Compare::Relation::kNotEqual);
  CHECK((made.compares[2].target == Compare::Target::kValue && made.compares[2].value == "x y"));
  CHECK((made.compares[3].relation == Compare::Relation::kGreater && made.compares[3].number == 3));
  CHECK(made.compares[4].target == Compare::Target::kCreateRevision);
  CHECK((made.compares[5].target == Compare::Target::kModRevision && made.compares[5].key == "f"));
  CHECK(made.compares[5].relation == Compare::Relation::kLess);
  REQUIRE(made.operations.size() == 9);
  CHECK(made.operations[0].expiry.kind == client::Expiry::Kind::kNever);
  CHECK(made.operations[1].expiry.milliseconds == 90'000);
  CHECK(made.operations[4].range.prefix == "p");
  CHECK(made.operations[5].value == "v");
  CHECK(made.operations[6].delta == -5);
  CHECK(made.operations[7].expiry.milliseconds == 3'600'000);
  CHECK(made.operations[8].kind == Operation::Kind::kPersist);
  REQUIRE(made.otherwise.size() == 1);
  CHECK(made.otherwise[0].key == "other");
}

TEST_CASE("a line that is none is named, with what was expected") {
  check_refused("", "found no operation");
  check_refused("if absent k\n", "found no operation");
  check_refused("get a\nfetch b", "line 2 of the transaction: found 'fetch'");
  check_refused("put k", "line 1 of the transaction: found 2 fields, expected put KEY VALUE");
  check_refused("get a b", "expected get KEY");
  check_refused("get a\nif absent b", "conditions come first");
  check_refused("get a\nelse\nelse\nget b", "second else");
  check_refused("if value k ~ v\nget k", "found '~'");
  check_refused("if version k = x\nget k", "found 'x', expected a number");
  check_refused("if version k = -1\nget k", "from 0 on");
  check_refused("if k\nget k", "found a condition that is none");
  check_refused("increment k x", "expected a number");
  check_refused("expire k 5", "expected a duration");
}

}  // namespace tenon::tenonctl
