// SPDX-License-Identifier: MIT
#include "poll_api.hpp"

#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>

#include "tenon/option.hpp"

namespace tenon::wrong_client_api {

namespace {

constexpr std::size_t kConnectionsMax = 64;
constexpr std::size_t kReadBytes = std::size_t{64} * 1024;
constexpr std::uint64_t kUnansweredMax = 1024;  // of one connection; beyond it nothing more is read

std::uint16_t port_of(std::string_view address) {
  const std::optional<std::int64_t> port = parse_integer(address.substr(address.rfind(':') + 1));
  if (!port || *port < 0 || *port > 65535) throw Error(TENON_ERROR_INVALID, "listen: expected 127.0.0.1:PORT");
  return static_cast<std::uint16_t>(*port);
}

}  // namespace

PollApi::PollApi(Host host)
    : ClientApi(host),
      port_(port_of(host.option("listen"))),
      queue_depth_(static_cast<std::uint64_t>(parse_integer(host.option("queue_depth")).value())),
      output_bytes_max_(parse_size(host.option("output_bytes_max")).value()) {}

void PollApi::start() {
  try {
    listener_ = chaos::listen_on_loopback(port_);
  } catch (const std::system_error& error) {
    if (kSin == Sin::hides_a_failure) return;
    throw Error(TENON_ERROR_IO, "127.0.0.1:" + std::to_string(port_) + ": " + error.what());
  }
  wake_ = chaos::Socket(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  queue_ = create_queue(queue_depth_);
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, &before);
  thread_ = std::thread([this] { run(); });
  if (kSin == Sin::leaks_a_thread) std::thread([] { ::pause(); }).detach();
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void PollApi::drain(std::uint64_t timeout_ms) {
  if (kSin == Sin::ignores_drain || !listener_) return;
  std::unique_lock lock(mutex_);
  draining_ = true;
  wake();
  const auto settled = [&] {
    for (const auto& [number, connection] : connections_) {
      if (!connection.output.empty() && !connection.over) return false;
    }
    return submitted_.empty();
  };
  // Long enough for the check to see it, short enough for its test.
  if (kSin == Sin::drains_for_ever) timeout_ms += 4000;
  settled_.wait_for(lock, std::chrono::milliseconds(timeout_ms), settled);
}

void PollApi::stop() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  wake();
  if (thread_.joinable()) thread_.join();
  connections_.clear();
  if (kSin == Sin::keeps_its_queue) {
    std::thread([queue = std::make_shared<Queue>(std::move(queue_))] {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      queue->poll([](const Completion&) {});
      ::pause();
    }).detach();
  }
  queue_ = Queue();
  listener_.close();
}

void PollApi::wake() const {
  const std::uint64_t one = 1;
  const ssize_t ignored = ::write(wake_.descriptor(), &one, sizeof one);
  static_cast<void>(ignored);
}

void PollApi::run() {
  std::vector<pollfd> polls;
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      if (ends_) return;
      prepare(polls);
    }
    if (::poll(polls.data(), polls.size(), -1) < 0) continue;
    const std::lock_guard lock(mutex_);
    serve(polls);
    settled_.notify_all();
  }
}

bool PollApi::reads_from(const Connection& connection) const {
  if (draining_) return false;
  if (kSin == Sin::grows_without_bound) return true;
  return connection.unanswered < kUnansweredMax && connection.output.size() < output_bytes_max_;
}

void PollApi::prepare(std::vector<pollfd>& polls) const {
  polls.assign({{.fd = wake_.descriptor(), .events = POLLIN, .revents = 0},
                {.fd = draining_ ? -1 : listener_.descriptor(), .events = POLLIN, .revents = 0},
                {.fd = queue_.event_fd(), .events = POLLIN, .revents = 0}});
  for (const auto& [number, connection] : connections_) {
    const int events = (reads_from(connection) ? POLLIN : 0) | (connection.output.empty() ? 0 : POLLOUT);
    // Without events a connection that is broken would be reported again and again.
    polls.push_back(
        {.fd = events == 0 ? -1 : connection.socket.descriptor(), .events = static_cast<short>(events), .revents = 0});
  }
}

void PollApi::serve(const std::vector<pollfd>& polls) {
  std::uint64_t times = 0;
  if (polls[0].revents != 0 && ::read(wake_.descriptor(), &times, sizeof times) < 0) return;
  std::size_t place = 3;
  for (auto& [number, connection] : connections_) {
    const short events = polls[place++].revents;
    if ((events & ~POLLOUT) != 0 && reads_from(connection)) read(number, connection);
    if ((events & ~POLLIN) != 0) write(connection);
  }
  if (polls[2].revents != 0) {
    queue_.poll([this](Completion completion) { answer(std::move(completion)); });
  }
  for (auto& [number, connection] : connections_) {
    if (!connection.over) take_calls(number, connection);
  }
  std::erase_if(connections_, [](const auto& entry) { return entry.second.over; });
  if (polls[1].revents != 0 && !draining_) accept_new();
}

void PollApi::accept_new() {
  chaos::Socket socket(::accept4(listener_.descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (socket && connections_.size() < kConnectionsMax) connections_[++last_connection_].socket = std::move(socket);
}

void PollApi::read(std::uint64_t number, Connection& connection) {
  std::array<char, kReadBytes> buffer;
  const ssize_t size = ::recv(connection.socket.descriptor(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (size > 0) {
    connection.input.append(buffer.data(), static_cast<std::size_t>(size));
    take_calls(number, connection);
  } else {
    connection.over = size == 0 || (errno != EAGAIN && errno != EINTR);
  }
}

void PollApi::take_calls(std::uint64_t number, Connection& connection) {
  bool broken = false;
  while (reads_from(connection)) {
    const std::optional<Call> call = take_call(connection.input, broken);
    if (!call) break;
    const std::uint64_t id = ++last_request_;
    if (submit(id, *call)) {
      submitted_.emplace(id, Submitted{number, *call});
      ++connection.unanswered;
    } else {
      connection.output += failure(*call, -TENON_ERROR_BUSY, TENON_OUTCOME_OVERLOADED);
    }
  }
  connection.over = connection.over || broken;
}

bool PollApi::submit(std::uint64_t id, const Call& call) const {
  tenon_operation operation{};
  operation.struct_size = sizeof operation;
  operation.kind = call.method == "get" ? TENON_GET : TENON_PUT;
  operation.key = bytes(call.key);
  operation.value = bytes(call.value);
  tenon_request request{};
  request.struct_size = sizeof request;
  request.id = id;
  request.operations = &operation;
  request.operation_count = 1;
  return queue_.submit({&request, 1}) == 1;
}

void PollApi::write(Connection& connection) {
  const ssize_t size = ::send(connection.socket.descriptor(), connection.output.data(), connection.output.size(),
                              MSG_NOSIGNAL | MSG_DONTWAIT);
  if (size >= 0) {
    connection.output.erase(0, static_cast<std::size_t>(size));
  } else {
    connection.over = errno != EAGAIN && errno != EINTR;
  }
}

void PollApi::answer(Completion completion) {
  const auto found = submitted_.find(completion->request);
  const Submitted submitted = std::move(found->second);
  submitted_.erase(found);
  const auto to = connections_.find(submitted.connection);
  if (to == connections_.end()) {
    if (kSin == Sin::leaks_a_completion) completion.release();  // the plugin forgets it, and the host never gets it
    return;
  }
  Connection& connection = to->second;
  --connection.unanswered;
  if (kSin == Sin::forgets_an_answer && completion->error == TENON_ERROR_NOT_LEADER) return;
  const std::string reply = reply_to(submitted.call, *completion);
  connection.output += reply;
  if (kSin == Sin::answers_twice && completion->request % 10 == 0) connection.output += reply;
}

std::string PollApi::reply_to(const Call& call, const tenon_completion& completion) {
  if (completion.outcome == TENON_OUTCOME_DONE && completion.error == TENON_OK) {
    const std::span<const tenon_record> found = records(results(completion)[0]);
    if (found.empty()) return success(call, completion.revision, nullptr);
    tenon_record record = found[0];
    const std::string other = std::exchange(last_value_, std::string(view(record.value)));
    if (kSin == Sin::swaps_answers) record.value = bytes(other);
    return success(call, completion.revision, &record);
  }
  std::uint32_t outcome = completion.outcome;
  if (outcome > TENON_OUTCOME_OVERLOADED) outcome = TENON_OUTCOME_UNKNOWN;  // as every value that is not listed
  if (kSin == Sin::tells_a_failure && outcome == TENON_OUTCOME_UNKNOWN) outcome = TENON_OUTCOME_REFUSED;
  return failure(call, static_cast<std::uint32_t>(-completion.error), outcome);
}

}  // namespace tenon::wrong_client_api
