// SPDX-License-Identifier: MIT
#include "net/connector.hpp"

#include <optional>

#include "net/keep_alive.hpp"
#include "support/catch.hpp"

using namespace tenon::net;
using boost::asio::ip::tcp;

namespace {

struct Attempt {
  explicit Attempt(const Address& address)
      : connector(Connector::connect(context, address, [this](tcp::socket connected, const std::string& failure) {
          socket.emplace(std::move(connected));
          failures.push_back(failure);
        })) {}
  void run() { context.run_for(std::chrono::seconds(20)); }

  boost::asio::io_context context{1};
  std::optional<tcp::socket> socket;
  std::vector<std::string> failures;
  std::shared_ptr<Connector> connector;
};

struct Listening {
  boost::asio::io_context context{1};
  tcp::acceptor acceptor{context, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)};
  std::string port = std::to_string(acceptor.local_endpoint().port());
};

}  // namespace

TEST_CASE("a connection to a number or a name does not block and sends without delay") {
  const Listening listening;
  for (const char* host : {"127.0.0.1", "localhost"}) {
    Attempt attempt({host, listening.port});
    CHECK(attempt.failures.empty());
    attempt.run();
    REQUIRE(attempt.failures == std::vector<std::string>{""});
    CHECK(attempt.socket->non_blocking());
    tcp::no_delay no_delay;
    attempt.socket->get_option(no_delay);
    CHECK(no_delay.value());
    keep_alive(*attempt.socket, std::chrono::seconds(10));
    boost::asio::socket_base::keep_alive keeps;
    attempt.socket->get_option(keeps);
    CHECK(keeps.value());
  }
}

TEST_CASE("an attempt that fails says why, once") {
  std::string free_port;
  {
    const Listening listening;
    free_port = listening.port;
  }
  Attempt refused({"127.0.0.1", free_port});
  refused.run();
  CHECK(refused.failures == std::vector<std::string>{"Connection refused"});
  Attempt unknown({"no-such-name.invalid", "1"});
  unknown.run();
  REQUIRE(unknown.failures.size() == 1);
  CHECK(unknown.failures[0].starts_with("the name cannot be looked up: "));
}

TEST_CASE("an attempt that was given up says nothing") {
  const Listening listening;
  for (const char* host : {"127.0.0.1", "no-such-name.invalid"}) {
    Attempt attempt({host, listening.port});
    attempt.connector->cancel();
    attempt.run();
    CHECK(attempt.failures.empty());
  }
}
