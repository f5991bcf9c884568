// SPDX-License-Identifier: MIT
#include "tenon/host.hpp"

#include <string>

#include "support/catch.hpp"
#include "tenon/testing/host.hpp"

namespace tenon {
namespace {

tenon_detail empty_detail() {
  tenon_detail why{};
  why.struct_size = sizeof why;
  return why;
}

struct Counted {
  explicit Counted(int& count) : destroyed(count) {}
  ~Counted() { ++destroyed; }
  int& destroyed;
};

class Failing final : public Instance {
 public:
  explicit Failing(Host host) : Instance(host) {
    if (this->host().option("mode") == "refuse") throw Error(TENON_ERROR_INVALID, "the mode is refuse");
  }
  void work() noexcept {
    contain([] { throw Error(TENON_ERROR_IO, "the disk is gone"); });
  }
};

}  // namespace

TEST_CASE("a guard turns each exception into its code and its words") {
  tenon_detail why = empty_detail();
  CHECK(guard(&why, [] {}) == TENON_OK);
  CHECK(std::string(why.message).empty());
  CHECK(guard(&why, [] { throw Error(TENON_ERROR_CORRUPT, "bad checksum"); }) == TENON_ERROR_CORRUPT);
  CHECK(std::string(why.message) == "bad checksum");
  CHECK(guard(&why, [] { throw std::bad_alloc(); }) == TENON_ERROR_NO_SPACE);
  CHECK(std::string(why.message) == "out of memory");
  CHECK(guard(&why, [] { throw std::runtime_error("odd"); }) == TENON_ERROR_INTERNAL);
  CHECK(std::string(why.message) == "odd");
  CHECK(guard(&why, [] { throw 7; }) == TENON_ERROR_INTERNAL);
  CHECK(std::string(why.message) == "an exception of unknown type");
  CHECK(guard(nullptr, [] { throw Error(TENON_ERROR_BUSY, "taken"); }) == TENON_ERROR_BUSY);
}

TEST_CASE("a description is cut to its room and always ends") {
  tenon_detail why = empty_detail();
  const std::string longest(sizeof why.message - 1, 'a');
  CHECK(describe(&why, TENON_ERROR_IO, longest) == TENON_ERROR_IO);
  CHECK(why.message == longest);
  CHECK(describe(&why, TENON_ERROR_IO, longest + "b") == TENON_ERROR_IO);
  CHECK(why.message == longest);
  CHECK(describe(&why, TENON_ERROR_IO, "") == TENON_ERROR_IO);
  CHECK(std::string(why.message).empty());
  CHECK(describe(nullptr, TENON_ERROR_IO, "x") == TENON_ERROR_IO);
}

TEST_CASE("a loan destroys its owner when it is given back, and not before") {
  int destroyed = 0;
  const tenon_loan loan = lend(std::make_unique<Counted>(destroyed));
  CHECK(destroyed == 0);
  give_back(loan);
  CHECK(destroyed == 1);
  give_back({nullptr, nullptr});
}

TEST_CASE("an instance that cannot be made is an error with its words") {
  const testing::FakeHost host("/nonexistent", {{"mode", "refuse"}});
  tenon_detail why = empty_detail();
  void* self = nullptr;
  CHECK(create_instance<Failing>(host.table(), &self, &why) == TENON_ERROR_INVALID);
  CHECK(std::string(why.message) == "the mode is refuse");
  const testing::FakeHost without("/nonexistent", {});
  CHECK(create_instance<Failing>(without.table(), &self, &why) == TENON_ERROR_INVALID);
  CHECK(std::string(why.message) == "option is not set: mode");
}

TEST_CASE("what an operation without an error to return throws makes the instance fail") {
  const testing::FakeHost host("/nonexistent", {{"mode", "work"}});
  tenon_detail why = empty_detail();
  void* self = nullptr;
  REQUIRE(create_instance<Failing>(host.table(), &self, &why) == TENON_OK);
  static_cast<Failing*>(static_cast<Instance*>(self))->work();
  REQUIRE(host.failure().has_value());
  CHECK(host.failure()->error == TENON_ERROR_IO);
  CHECK(host.failure()->message == "the disk is gone");
  CHECK(get_instance_extension(self, "any/1") == nullptr);
  destroy_instance(self);
}

TEST_CASE("a fake host has the options, identity and directory that the test gives it") {
  const testing::FakeHost fake("/some/directory", {{"listen", "here"}}, 3, "cluster-a");
  const Host host(fake.table());
  CHECK(fake.table()->struct_size == sizeof(tenon_host));
  CHECK(fake.table()->abi_minor == TENON_ABI_MINOR);
  CHECK(host.node_id() == 3);
  CHECK(std::string(host.cluster_id()) == "cluster-a");
  CHECK(std::string(host.data_directory()) == "/some/directory");
  CHECK(host.option("listen") == "here");
  CHECK(host.find_option("other") == nullptr);
  CHECK_THROWS_AS(host.option("other"), Error);
  CHECK(host.extension<int>("any/1") == nullptr);
}

TEST_CASE("a fake host keeps logger lines, metrics and the first failure") {
  const testing::FakeHost fake("/nonexistent", {});
  const Host host(fake.table());
  CHECK(host.wants(TENON_SEVERITY_DEBUG));
  host.info("recovered 7 entries");
  host.warning("slow disk");
  REQUIRE(fake.logger_lines().size() == 2);
  CHECK(fake.logger_lines()[1].severity == TENON_SEVERITY_WARNING);
  CHECK(fake.logged("7 entries"));
  CHECK_FALSE(fake.logged("8 entries"));

  CHECK_FALSE(fake.metric("writes").has_value());
  const Metric metric = host.metric("writes");
  metric.record(2);
  metric.record(3);
  CHECK(fake.metric("writes") == 5.0);
  Metric().record(1);

  CHECK_FALSE(fake.failure().has_value());
  host.failed(TENON_ERROR_IO, "first");
  host.failed(TENON_ERROR_CORRUPT, "second");
  CHECK(fake.failure()->error == TENON_ERROR_IO);
  CHECK(fake.failure()->message == "first");
}

}  // namespace tenon
