// SPDX-License-Identifier: MIT
#include "net/admission.hpp"

#include <vector>

#include "net/io_thread.hpp"
#include "net/limited_logger.hpp"
#include "support/catch.hpp"
#include "tenon/testing/host.hpp"

using namespace tenon;
using namespace tenon::net;

TEST_CASE("connections are admitted up to both bounds, and a ticket's end makes room") {
  testing::FakeHost host("/nonexistent", {});
  Admission admission(3, 2, Traffic::create(Host(host.table())));
  std::vector<Admission::Ticket> tickets;
  const auto admit = [&](const char* address) {
    auto ticket = admission.admit(address);
    if (!ticket) return false;
    tickets.push_back(std::move(*ticket));
    return true;
  };
  CHECK(admit("a"));
  CHECK(admit("a"));
  CHECK_FALSE(admit("a"));
  CHECK(admit("b"));
  CHECK_FALSE(admit("c"));
  CHECK(admission.open() == 3);
  CHECK(host.metric("connections_refused_total") == 2);
  tickets.pop_back();
  CHECK(admission.open() == 2);
  CHECK(admit("c"));
  tickets.clear();
  CHECK(admission.open() == 0);
  CHECK(admit("a"));
}

TEST_CASE("tickets may outlive the admission") {
  auto admission = std::make_unique<Admission>(1, 1, Traffic());
  auto ticket = admission->admit("a");
  admission = nullptr;
  CHECK(ticket.has_value());
}

TEST_CASE("a budget never passes its bound") {
  BufferBudget budget(10);
  CHECK(budget.take(7));
  CHECK_FALSE(budget.take(4));
  CHECK_FALSE(budget.take(~0ull));
  CHECK(budget.take(3));
  budget.give_back(10);
  CHECK(budget.used() == 0);
}

TEST_CASE("lines beyond the rate are counted instead") {
  testing::FakeHost host("/nonexistent", {});
  LimitedLogger logger(Host(host.table()), 2);
  const LimitedLogger::Clock::time_point start = LimitedLogger::Clock::now();
  for (int i = 0; i < 5; ++i) logger.warning("line", start);
  CHECK(host.logger_lines().size() == 2);
  logger.warning("next", start + std::chrono::seconds(1));
  REQUIRE(host.logger_lines().size() == 4);
  CHECK(host.logger_lines()[2].text == "left out 3 lines like the next");
  CHECK(host.logger_lines()[3].text == "next");
}

TEST_CASE("the I/O thread blocks signals, runs what it is given, and reports an exception that escapes") {
  std::promise<std::string> failure;
  IoThread thread([&](const std::string& why) { failure.set_value(why); });
  thread.start();
  bool blocked = false;
  CHECK(thread.run([&] {
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    blocked = sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGINT) == 1;
  }));
  CHECK(blocked);
  boost::asio::post(thread.context(), [] { throw std::runtime_error("broken"); });
  CHECK(failure.get_future().get() == "broken");
  CHECK_FALSE(thread.run([] {}));
  thread.stop();
  thread.stop();
}
