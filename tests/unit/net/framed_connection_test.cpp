// SPDX-License-Identifier: MIT
#include "net/framed_connection.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "net/listener.hpp"
#include "support/catch.hpp"
#include "tenon/testing/host.hpp"

using namespace tenon;
using namespace tenon::net;
using boost::asio::ip::tcp;

namespace {

// Writes down what it is told.
class Recorder final : public FrameHandler {
 public:
  void on_frame(std::string_view frame) override {
    frames.emplace_back(frame);
    if (then) then();
  }
  void on_input_end() override { input_ended = true; }
  void on_flushed() override { ++flushes; }
  bool busy() const noexcept override { return is_busy; }
  void on_closed(const Closing& closing) override { closings.push_back(closing); }

  std::vector<std::string> frames;
  std::vector<Closing> closings;
  std::function<void()> then;
  bool input_ended = false;
  bool is_busy = false;
  int flushes = 0;
};

// A connection and its peer, on one event loop that the test turns itself.
struct Pair {
  explicit Pair(const ConnectionLimits& limits, std::uint64_t buffer_bytes_max = 1 << 20)
      : environment(limits, buffer_bytes_max, Traffic::create_framed(Host(host.table()))),
        admission(10, 10, environment.traffic),
        listener(
            context, parse_addresses("127.0.0.1:0"), admission,
            [this](Listener::Socket socket, Admission::Ticket ticket) {
              connection =
                  std::make_shared<FramedConnection>(std::move(socket), std::move(ticket), environment, recorder);
              connection->start();
            },
            [](const std::string&) {}),
        peer(context) {
    listener.start();
    const std::string address = listener.local_addresses().at(0);
    peer.connect({boost::asio::ip::make_address("127.0.0.1"),
                  static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)))});
    REQUIRE(turn_until([&] { return connection != nullptr; }));
  }
  ~Pair() {
    if (connection) connection->close(CloseReason::kShutdown);
  }

  template <class Ready>
  bool turn_until(Ready&& ready) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!ready()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      context.run_one_for(std::chrono::milliseconds(10));
      context.restart();
    }
    return true;
  }
  void from_peer(const std::string& bytes) { boost::asio::write(peer, boost::asio::buffer(bytes)); }
  std::string to_peer(std::size_t size) {
    std::string bytes(size, '\0');
    std::size_t got = 0;
    peer.non_blocking(true);
    turn_until([&] {
      boost::system::error_code error;
      got += peer.read_some(boost::asio::buffer(bytes.data() + got, size - got), error);
      return got == size || error == boost::asio::error::eof;
    });
    return bytes.substr(0, got);
  }
  bool closed_as(CloseReason reason) {
    return turn_until([&] { return !recorder.closings.empty(); }) && recorder.closings.at(0).reason == reason;
  }

  testing::FakeHost host{"/nonexistent", {}};
  boost::asio::io_context context{1};
  Recorder recorder;
  ConnectionEnvironment environment;
  Admission admission;
  std::shared_ptr<FramedConnection> connection;
  Listener listener;
  tcp::socket peer;
};

std::string length(std::size_t size) {
  std::string made;
  for (int i = 3; i >= 0; --i) made.push_back(static_cast<char>(size >> (8 * i) & 0xff));
  return made;
}
std::string framed(const std::string& payload) { return length(payload.size()) + payload; }

constexpr ConnectionLimits kLimits{.frame_bytes_max = 1000, .output_bytes_max = 1000, .idle_timeout = {}};

}  // namespace

TEST_CASE("frames are handed over whole, however they were cut on the way") {
  Pair pair(kLimits);
  const std::string bytes = framed("one") + framed("") + framed(std::string(1000, 'x')) + framed("four");
  for (const std::size_t cut : {1u, 3u, 5u, 9u, 12u, 500u}) {
    pair.recorder.frames.clear();
    for (std::size_t at = 0; at < bytes.size(); at += cut) {
      pair.from_peer(bytes.substr(at, cut));
      pair.context.poll();
      pair.context.restart();
    }
    REQUIRE(pair.turn_until([&] { return pair.recorder.frames.size() == 4; }));
    CHECK(pair.recorder.frames == std::vector<std::string>{"one", "", std::string(1000, 'x'), "four"});
  }
  CHECK(pair.environment.budget.used() == 0);
  CHECK(pair.host.metric("frames_received_total") == 24);
  CHECK(pair.host.metric("bytes_received_total") == 6.0 * static_cast<double>(bytes.size()));
}

TEST_CASE("a length above the limit closes with what stood there, and frames before it are handed over") {
  Pair pair(kLimits);
  pair.from_peer(framed("good") + length(1001));
  REQUIRE(pair.closed_as(CloseReason::kFrameTooLarge));
  CHECK(pair.recorder.frames == std::vector<std::string>{"good"});
  CHECK(pair.recorder.closings.at(0).length_word == 1001);
  CHECK(pair.recorder.closings.size() == 1);
}

TEST_CASE("no frame is handed over while reading pauses, and none is lost") {
  Pair pair(kLimits);
  pair.recorder.then = [&] { pair.connection->pause_reading(); };
  pair.from_peer(framed("1") + framed("2") + framed("3") + framed("part").substr(0, 6));
  REQUIRE(pair.turn_until([&] { return pair.recorder.frames.size() == 1; }));
  for (int i = 0; i < 5; ++i) {
    pair.context.poll();
    pair.context.restart();
  }
  CHECK(pair.recorder.frames.size() == 1);
  pair.recorder.then = nullptr;
  pair.from_peer("rt");
  pair.connection->resume_reading();
  CHECK(pair.recorder.frames.size() == 1);
  REQUIRE(pair.turn_until([&] { return pair.recorder.frames.size() == 4; }));
  CHECK(pair.recorder.frames == std::vector<std::string>{"1", "2", "3", "part"});
}

TEST_CASE("what is queued leaves with flush, in order and in one send") {
  Pair pair(kLimits);
  const std::string large(100'000, 'x');
  pair.connection->send("a");
  pair.connection->send("");
  pair.connection->send(large);
  pair.connection->send("z");
  CHECK(pair.recorder.flushes == 0);
  CHECK(pair.host.metric("bytes_sent_total") == 0);
  pair.connection->flush();
  const std::string expected = framed("a") + framed("") + framed(large) + framed("z");
  CHECK(pair.to_peer(expected.size()) == expected);
  CHECK(pair.connection->output_bytes() == 0);
  CHECK(pair.environment.budget.used() == 0);
  CHECK(pair.recorder.flushes == 1);
  CHECK(pair.host.metric("frames_sent_total") == 4);
}

TEST_CASE("a peer that does not read is closed when the output bound is passed") {
  Pair pair(kLimits, 1 << 30);
  for (int i = 0; i < 10'000 && !pair.connection->closed(); ++i) {
    pair.connection->send(std::string(65536, 'x'));
    pair.connection->flush();
  }
  CHECK(pair.closed_as(CloseReason::kOutputFull));
  CHECK(pair.environment.budget.used() == 0);
}

TEST_CASE("one flush is enough to find that too much stays behind") {
  Pair pair(kLimits, 1 << 30);
  pair.connection->send(std::string(std::size_t{64} << 20, 'x'));
  CHECK_FALSE(pair.connection->closed());
  pair.connection->flush();
  CHECK(pair.closed_as(CloseReason::kOutputFull));
}

TEST_CASE("output beyond the shared budget closes the connection that asks for it") {
  Pair pair(kLimits, 5000);
  pair.connection->send(std::string(4000, 'x'));
  CHECK_FALSE(pair.connection->closed());
  pair.connection->send(std::string(1000, 'x'));
  CHECK(pair.closed_as(CloseReason::kMemory));
  CHECK(pair.environment.budget.used() == 0);
  pair.connection->send("nothing happens any more");
  pair.connection->flush();
  CHECK(pair.recorder.closings.size() == 1);
}

TEST_CASE("a peer that shuts its side down can still be answered") {
  Pair pair(kLimits);
  pair.from_peer(framed("question"));
  pair.peer.shutdown(tcp::socket::shutdown_send);
  REQUIRE(pair.turn_until([&] { return pair.recorder.input_ended; }));
  CHECK(pair.recorder.frames.size() == 1);
  CHECK(pair.recorder.closings.empty());
  pair.connection->send("answer");
  pair.connection->flush();
  pair.connection->close(CloseReason::kPeer);
  CHECK(pair.recorder.closings.at(0).reason == CloseReason::kPeer);
  CHECK(pair.to_peer(10) == framed("answer"));
}

TEST_CASE("an end within a frame is told from an end between frames") {
  Pair pair(kLimits);
  pair.from_peer(framed("question").substr(0, 7));
  pair.peer.shutdown(tcp::socket::shutdown_send);
  REQUIRE(pair.turn_until([&] { return pair.recorder.input_ended; }));
  pair.connection->close(CloseReason::kPeer);
  CHECK(pair.recorder.closings.at(0).reason == CloseReason::kTruncated);
}

TEST_CASE("silence ends a connection unless its user is busy") {
  ConnectionLimits limits = kLimits;
  limits.idle_timeout = std::chrono::milliseconds(30);
  Pair pair(limits);
  pair.recorder.is_busy = true;
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(120);
  pair.turn_until([&] { return std::chrono::steady_clock::now() > until; });
  CHECK(pair.recorder.closings.empty());
  pair.recorder.is_busy = false;
  CHECK(pair.closed_as(CloseReason::kIdle));
}

TEST_CASE("a connection may be closed by the user that it is handing frames to") {
  Pair pair(kLimits);
  pair.recorder.then = [&] { pair.connection->close(CloseReason::kMalformed, "no"); };
  pair.from_peer(framed("1") + framed("2"));
  REQUIRE(pair.closed_as(CloseReason::kMalformed));
  CHECK(pair.recorder.frames.size() == 1);
  CHECK(pair.recorder.closings.at(0).detail == "no");
  CHECK(pair.host.metric("connections_closed_total") == 1);
}

TEST_CASE("a frame may be sent from where it lies, between bytes of the sender") {
  Pair pair(kLimits, 1 << 30);
  const std::string first(100'000, 'f');
  const std::string second(50'000, 's');
  const tenon_bytes parts[] = {bytes(first), bytes(second)};
  int ends = 0;
  const auto lend = [&] { return Frame({parts, 2, {[](void* count) { ++*static_cast<int*>(count); }, &ends}}); };
  pair.connection->send("before");
  pair.connection->send("head", lend(), "tail");
  pair.connection->send("after");
  const std::string expected = framed("before") + framed("head" + first + second + "tail") + framed("after");
  CHECK(pair.connection->output_bytes() == expected.size());
  CHECK(pair.environment.budget.used() == expected.size());
  pair.connection->flush();
  CHECK((pair.to_peer(expected.size()) == expected));
  CHECK(ends == 1);
  CHECK(pair.environment.budget.used() == 0);
  pair.connection->send("head", lend(), "tail");
  pair.connection->close(CloseReason::kShutdown);
  CHECK(ends == 2);
  pair.connection->send("head", lend(), "tail");
  CHECK(ends == 3);
}

TEST_CASE("frames of one wake-up end together, and stay readable until then") {
  class Batches final : public FrameHandler {
   public:
    void on_frame(std::string_view frame) override { batch.push_back(frame); }
    void on_frames_end() override {
      batches.emplace_back(batch.begin(), batch.end());
      batch.clear();
    }
    void on_input_end() override {}
    void on_flushed() override {}
    bool busy() const noexcept override { return false; }
    void on_closed(const Closing&) override { closed = true; }
    std::vector<std::string_view> batch;
    std::vector<std::vector<std::string>> batches;
    bool closed = false;
  };
  Pair pair(kLimits);
  Batches batches;
  auto ticket = pair.admission.admit("another");
  tcp::socket end(pair.context);
  tcp::acceptor acceptor(pair.context, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
  end.connect(acceptor.local_endpoint());
  tcp::socket accepted = acceptor.accept();
  accepted.non_blocking(true);
  const auto connection =
      std::make_shared<FramedConnection>(std::move(accepted), std::move(*ticket), pair.environment, batches);
  connection->start();
  boost::asio::write(end,
                     boost::asio::buffer(framed("one") + framed("two") + framed(std::string(900, 'x')).substr(0, 500)));
  REQUIRE(pair.turn_until([&] { return !batches.batches.empty(); }));
  boost::asio::write(end, boost::asio::buffer(std::string(404, 'x') + framed("last") + length(1001)));
  REQUIRE(pair.turn_until([&] { return batches.closed; }));
  const std::vector<std::vector<std::string>> expected = {{"one", "two"}, {std::string(900, 'x'), "last"}};
  CHECK(batches.batches == expected);
}

TEST_CASE("the bound of a frame may change from one frame to the next") {
  Pair pair(kLimits);
  pair.recorder.then = [&] { pair.connection->limit_frames(2000); };
  pair.from_peer(framed("small") + framed(std::string(2000, 'x')) + length(2001));
  REQUIRE(pair.closed_as(CloseReason::kFrameTooLarge));
  CHECK(pair.recorder.frames.size() == 2);
}
