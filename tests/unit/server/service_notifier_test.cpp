// SPDX-License-Identifier: MIT
#include "service_notifier.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>

#include "support/catch.hpp"
#include "temporary_directory.hpp"

namespace tenon::server {
namespace {

// The socket of a service manager.
class ManagerSocket {
 public:
  // `name` as in NOTIFY_SOCKET.
  explicit ManagerSocket(const std::string& name) : descriptor_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy(name.begin(), name.end(), address.sun_path);
    if (name.front() == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    REQUIRE(::bind(descriptor_, reinterpret_cast<const sockaddr*>(&address), length) == 0);
  }
  ManagerSocket(const ManagerSocket&) = delete;
  ManagerSocket& operator=(const ManagerSocket&) = delete;
  ~ManagerSocket() { ::close(descriptor_); }

  std::string take() {
    pollfd descriptor{descriptor_, POLLIN, 0};
    REQUIRE(::poll(&descriptor, 1, 60'000) == 1);
    std::string datagram(4096, '\0');
    const ssize_t size = ::recv(descriptor_, datagram.data(), datagram.size(), 0);
    REQUIRE(size > 0);
    datagram.resize(static_cast<std::size_t>(size));
    return datagram;
  }

 private:
  int descriptor_;
};

TEST_CASE("a manager is told at a path and at an abstract name") {
  const TemporaryDirectory directory;
  const std::string path = (directory / "notify").string();
  const bool is_abstract = GENERATE(false, true);
  const std::string name = is_abstract ? "@tenon-test-" + std::to_string(::getpid()) : path;
  CAPTURE(name);
  ManagerSocket manager(name);
  const ServiceNotifier notifier(name);
  CHECK(notifier.is_used());
  CHECK(notifier.ready("leads in term 3"));
  CHECK(manager.take() == "READY=1\nSTATUS=leads in term 3");
  CHECK(notifier.status("follows node 2 in term 4"));
  CHECK(manager.take() == "STATUS=follows node 2 in term 4");
  CHECK(notifier.alive());
  CHECK(manager.take() == "WATCHDOG=1");
  CHECK(notifier.extend_start(std::chrono::seconds(30)));
  CHECK(manager.take() == "EXTEND_TIMEOUT_USEC=30000000");
  CHECK(notifier.stopping());
  CHECK(manager.take() == "STOPPING=1\nSTATUS=stopping");
}

TEST_CASE("a reload carries the monotonic time, which does not run back") {
  const TemporaryDirectory directory;
  const std::string name = (directory / "notify").string();
  ManagerSocket manager(name);
  const ServiceNotifier notifier(name);
  std::uint64_t before = 0;
  for (int i = 0; i < 3; ++i) {
    CHECK(notifier.reloading());
    const std::string datagram = manager.take();
    const std::string beginning = "RELOADING=1\nMONOTONIC_USEC=";
    REQUIRE(datagram.starts_with(beginning));
    const std::uint64_t now = std::stoull(datagram.substr(beginning.size()));
    CHECK(now >= before);
    CHECK(now > 0);
    before = now;
  }
}

TEST_CASE("without a manager, or with a name that no socket can have, nothing is sent") {
  for (const std::optional<std::string>& name :
       {std::optional<std::string>(), std::optional<std::string>(""), std::optional<std::string>("relative"),
        std::optional<std::string>("@"), std::optional<std::string>("/" + std::string(200, 'x'))}) {
    const ServiceNotifier notifier(name);
    CHECK_FALSE(notifier.is_used());
    CHECK_FALSE(notifier.ready("x"));
  }
  const ServiceNotifier gone("/nonexistent/notify");
  CHECK_FALSE(gone.ready("x"));
}

TEST_CASE("the watchdog is for the process that it names, or for any") {
  const auto interval = [](const char* microseconds, std::optional<std::string> process) {
    return watchdog_interval(microseconds, process, 42);
  };
  CHECK_FALSE(watchdog_interval(std::nullopt, "42", 42).has_value());
  CHECK(interval("3000000", std::nullopt) == std::chrono::seconds(3));
  CHECK(interval("3000000", "42") == std::chrono::seconds(3));
  CHECK_FALSE(interval("3000000", "43").has_value());
  CHECK_FALSE(interval("3000000", "x").has_value());
  CHECK_FALSE(interval("0", "42").has_value());
  CHECK_FALSE(interval("soon", "42").has_value());
}

}  // namespace
}  // namespace tenon::server
