// SPDX-License-Identifier: MIT
// One client's connection: requests go to their routes as they come, answers leave in the order of the requests.
#pragma once

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "exchange.hpp"
#include "net/admission.hpp"
#include "net/output_queue.hpp"
#include "net/traffic.hpp"
#include "request_reader.hpp"
#include "settings.hpp"

namespace tenon::api_http {

class Session;

// What the sessions of the one I/O thread share; it outlives them.
struct SessionEnvironment {
  SessionEnvironment(const ConnectionLimits& with_limits, std::uint64_t buffer_bytes_max, const net::Traffic& counters)
      : limits(with_limits), traffic(counters), budget(buffer_bytes_max) {}

  const ConnectionLimits limits;
  const net::Traffic traffic;
  net::BufferBudget budget;
  // Every session reads into this room, so that one without a partial request holds no memory for input.
  std::array<char, std::size_t{64} * 1024> read_room;
};

// What a session needs of the server that holds it. On the I/O thread.
class SessionOwner {
 public:
  virtual ~SessionOwner() = default;

  virtual void take(const std::shared_ptr<Exchange>& exchange) = 0;
  // Counts the request, and returns its id.
  virtual std::string begin_request(const Request& request) = 0;
  virtual std::string_view date() = 0;
  virtual void count_answer(const Request& request, unsigned status, std::string_view request_id) = 0;
  // Submits what was taken and flushes this session, once for everything that this wake-up brings.
  virtual void finish_later(const std::shared_ptr<Session>& session) = 0;
  // Has nothing to answer and nothing to send.
  virtual void on_settled() = 0;
  // The last word of a session; the owner may let go of it.
  virtual void on_closed(Session& session, const std::string& detail) = 0;
};

// 0 <= unanswered requests <= pipelined_requests_max; at the bound reading pauses until half of them are answered. What
// a session holds, partial input, answers that wait for an earlier one and output, counts in the shared budget; answers
// and output are at most output_bytes_max, or the connection is closed. All of it on the I/O thread.
class Session final : public Client, public std::enable_shared_from_this<Session> {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  using Clock = std::chrono::steady_clock;

  // The socket must be non-blocking. A session ends with close() and not before.
  Session(Socket socket, net::Admission::Ticket ticket, SessionEnvironment& environment, SessionOwner& owner);

  // Begins to read. Needs: held by a shared_ptr; called once.
  void start() { wait_readable(); }
  // Sends what is queued, now as far as the client takes it and later the rest.
  void flush();
  // Takes no more requests; answers those that were taken, and then ends.
  void drain();
  void close(net::CloseReason reason, const std::string& detail = {});
  // Ends what has taken too long by now.
  void look(Clock::time_point now);
  // Whether nothing is to be answered or sent.
  bool settled() const noexcept { return slots_.empty() && output_.empty() && stream_ == nullptr; }
  const std::string& peer() const noexcept { return peer_; }

  void answer(std::uint64_t slot, const Response& response, const Request& request,
              std::string_view request_id) override;
  bool begin_stream(std::uint64_t slot, const Response& head, const Request& request, std::string_view request_id,
                    std::shared_ptr<StreamSource> source) override;
  void stream(std::string_view bytes) override;
  void end_stream() override;
  std::optional<Connection> give_away(std::uint64_t slot, const Request& request, std::string_view request_id) override;

 private:
  friend class Server;

  // kDiscarding: behind the last answer; kWatching: for the end, while a body is brought.
  enum class Reading { kOn, kPaused, kEnded, kDiscarding, kWatching };
  struct Slot {
    std::optional<std::string> answer;
    bool is_last = false;  // the connection ends behind it
  };
  const ConnectionLimits& limits() const noexcept { return environment_.limits; }

  void wait_readable();
  void read();
  void take(std::string_view received);
  std::size_t parse(std::string_view bytes);
  void take_request();
  void refuse_request(Failure failure);
  std::uint64_t open_slot();
  void fill(std::uint64_t slot, std::string answer, bool is_last);
  void resume_reading();
  void on_input_end();
  void send(std::string_view bytes);
  void write();
  void wait_writable();
  void on_sent();
  void end_politely();
  void drop_stream();
  void count_held();

  Socket socket_;
  net::Admission::Ticket ticket_;
  SessionEnvironment& environment_;
  SessionOwner& owner_;
  const std::string peer_;
  Reading reading_ = Reading::kOn;
  bool waiting_to_read_ = false;
  bool waiting_to_write_ = false;
  bool closed_ = false;
  bool input_ended_ = false;
  bool draining_ = false;
  bool to_be_finished_ = false;  // the server has it on its list
  std::string input_;            // what has come and is not taken
  std::optional<RequestReader> reader_;
  bool has_more_input_ = false;   // behind the request that is being taken
  std::uint64_t held_input_ = 0;  // of input_ and the reader's body, as the budget has it
  std::deque<Slot> slots_;        // of the requests [next_slot_ - size, next_slot_)
  std::uint64_t next_slot_ = 0;
  std::uint64_t held_answers_ = 0;  // bytes of answers that wait for an earlier one
  net::OutputQueue output_;
  bool ends_after_output_ = false;
  std::shared_ptr<StreamSource> stream_;  // null: no body is brought
  bool stream_is_chunked_ = false;
  Clock::time_point last_input_ = Clock::now();
  Clock::time_point last_output_ = Clock::now();
  Clock::time_point request_began_{};  // of the one that is being read
  Clock::time_point header_ended_{};
  Clock::time_point discarding_since_{};
};

}  // namespace tenon::api_http
