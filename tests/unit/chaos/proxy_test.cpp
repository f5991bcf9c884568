// SPDX-License-Identifier: MIT
#include "chaos/proxy.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>

#include "support/catch.hpp"

namespace tenon::chaos {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kLong = 20s;  // nothing waits this long unless it is broken

// A target that the test plays itself, behind a proxy.
struct Line {
  explicit Line(std::uint64_t seed = 1) : proxy(local_port(listener), seed) {}
  // Connects through the proxy and takes the connection at the target.
  void connect() {
    client = connect_to_loopback(proxy.port());
    target = accept();
  }
  Socket accept() const {
    for (const auto deadline = Clock::now() + kLong; Clock::now() < deadline; ::usleep(1000)) {
      Socket accepted(::accept4(listener.descriptor(), nullptr, nullptr, SOCK_CLOEXEC));
      if (accepted) return accepted;
    }
    throw std::runtime_error("no connection came to the target");
  }

  Socket listener = listen_on_loopback();
  Proxy proxy;
  Socket client;
  Socket target;
};

// Receives exactly this many bytes, or fewer when no more come.
std::string receive(const Socket& socket, std::size_t size) {
  std::string all;
  while (all.size() < size) {
    const std::optional<std::string> some = socket.receive(size - all.size(), kLong);
    if (!some || some->empty()) break;
    all += *some;
  }
  return all;
}

std::string text(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7 + i / 251);
  return bytes;
}

template <class Ready>
bool eventually(Ready&& ready) {
  for (const auto deadline = Clock::now() + kLong; Clock::now() < deadline; ::usleep(1000)) {
    if (ready()) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("undisturbed bytes and the end pass in both directions") {
  Line line;
  line.connect();
  const std::string sent = text(100'000);
  REQUIRE(line.client.send(sent, kLong));
  CHECK(receive(line.target, sent.size()) == sent);
  REQUIRE(line.target.send("answer", kLong));
  CHECK(receive(line.client, 6) == "answer");
  line.client.shutdown_output();
  CHECK(line.target.receive(1, kLong) == std::string());
  REQUIRE(line.target.send("late", kLong));
  CHECK(receive(line.client, 4) == "late");
  line.target.shutdown_output();
  CHECK(line.client.receive(1, kLong) == std::string());
  CHECK(eventually([&] { return line.proxy.counts().connections == 0; }));
  const ProxyCounts counts = line.proxy.counts();
  CHECK(counts.accepted == 1);
  CHECK(counts.bytes_forward == sent.size());
  CHECK(counts.bytes_backward == 10);
  CHECK(counts.bytes_spoilt == 0);
}

TEST_CASE("a delay holds back each byte, and loses none") {
  Line line;
  line.connect();
  line.proxy.disturb(Direction::forward, {.delay = 60ms});
  const auto begin = Clock::now();
  REQUIRE(line.client.send("abc", kLong));
  CHECK(receive(line.target, 3) == "abc");
  CHECK(Clock::now() - begin >= 60ms);
}

TEST_CASE("a cap holds a connection to so many bytes in a second") {
  Line line;
  line.connect();
  line.proxy.disturb({.bytes_per_second = 1'000'000});
  const std::string sent = text(200'000);
  const auto begin = Clock::now();
  REQUIRE(line.client.send(sent, kLong));
  CHECK(receive(line.target, sent.size()) == sent);
  CHECK(Clock::now() - begin >= 180ms);
}

TEST_CASE("small pieces come to the same bytes") {
  Line line;
  line.connect();
  line.proxy.disturb({.piece_bytes_max = 1});
  const std::string sent = text(2'000);
  REQUIRE(line.client.send(sent, kLong));
  CHECK(receive(line.target, sent.size()) == sent);
}

TEST_CASE("garbage is the same for the same seed, and another for another") {
  const std::string sent = text(50'000);
  const auto through = [&](std::uint64_t seed, const Disturbance& disturbance) {
    Line line(seed);
    line.connect();
    line.proxy.disturb(disturbance);
    REQUIRE(line.client.send(sent, kLong));
    line.client.shutdown_output();
    std::string all = receive(line.target, sent.size() * 2);
    CHECK(line.proxy.counts().bytes_spoilt > 0);
    return all;
  };
  const std::string flipped = through(5, {.flip_every = 1000});
  CHECK(flipped != sent);
  CHECK(flipped.size() == sent.size());
  CHECK(flipped == through(5, {.flip_every = 1000}));
  CHECK(flipped != through(6, {.flip_every = 1000}));
  const std::string longer = through(5, {.insert_every = 1000});
  CHECK(longer.size() > sent.size());
  CHECK(longer == through(5, {.insert_every = 1000}));
}

TEST_CASE("a stalled direction is felt by who writes, and goes on where it stopped") {
  Line line;
  line.connect();
  line.proxy.disturb(Direction::forward, {.stalled = true});
  const std::string sent = text(std::size_t{32} << 20U);
  CHECK_FALSE(line.client.send(sent, 300ms));  // more than every buffer between the two holds
  CHECK(line.proxy.counts().bytes_forward == 0);
  REQUIRE(line.target.send("the other way is open", kLong));
  CHECK(receive(line.client, 21) == "the other way is open");
  line.proxy.disturb({});
  const std::string begun = receive(line.target, 1000);
  CHECK(begun == sent.substr(0, 1000));
}

TEST_CASE("cutting ends what is open, and what comes later passes") {
  Line line;
  for (const Cut how : {Cut::end, Cut::reset}) {
    line.connect();
    REQUIRE(line.client.send("x", kLong));
    REQUIRE(receive(line.target, 1) == "x");
    line.proxy.cut(how);
    CHECK(line.proxy.counts().connections == 0);
    char byte = 0;
    CHECK(line.client.ends_within(kLong));
    const ssize_t received = ::recv(line.target.descriptor(), &byte, 1, 0);
    CHECK(received == (how == Cut::end ? 0 : -1));
  }
  CHECK(line.proxy.counts().accepted == 2);
}

TEST_CASE("an abandoned connection stays open and carries nothing, while a new one does") {
  Line line;
  line.connect();
  REQUIRE(line.client.send("x", kLong));
  REQUIRE(receive(line.target, 1) == "x");
  line.proxy.abandon();
  REQUIRE(line.client.send("lost", kLong));
  CHECK(line.target.receive(1, 100ms) == std::nullopt);
  CHECK(line.proxy.counts().connections == 1);
  const Socket lost = std::move(line.client);
  const Socket silent = std::move(line.target);
  line.connect();
  REQUIRE(line.client.send("y", kLong));
  CHECK(receive(line.target, 1) == "y");
  CHECK(line.proxy.counts().connections == 2);
  line.proxy.cut(Cut::reset);
  CHECK(silent.ends_within(kLong));
}

TEST_CASE("while it refuses, and while nothing listens at the target, a connection is reset") {
  Line line;
  line.proxy.refuse(true);
  const Socket refused = connect_to_loopback(line.proxy.port());
  CHECK(refused.ends_within(kLong));
  line.proxy.refuse(false);
  line.connect();
  const std::uint16_t nobody = free_port();
  Proxy to_nobody(nobody, 1);
  const Socket alone = connect_to_loopback(to_nobody.port());
  CHECK(alone.ends_within(kLong));
  CHECK(eventually([&] { return to_nobody.counts().connections == 0; }));
}

}  // namespace tenon::chaos
