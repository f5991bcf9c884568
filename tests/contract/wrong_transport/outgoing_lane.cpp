// SPDX-License-Identifier: MIT
#include "outgoing_lane.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace tenon::wrong_transport {

namespace {

constexpr std::chrono::milliseconds kFirstWait{10};
constexpr std::uint64_t kSmallBytes = 5000;

}  // namespace

void OutgoingLane::set_ports(std::vector<std::uint16_t> ports) {
  const bool stays = socket_ && std::find(ports.begin(), ports.end(), ports_[next_port_]) != ports.end();
  const std::uint16_t port = stays ? ports_[next_port_] : 0;
  ports_ = std::move(ports);
  if (stays) {
    next_port_ = static_cast<std::size_t>(std::find(ports_.begin(), ports_.end(), port) - ports_.begin());
    return;
  }
  go_down();
  next_port_ = 0;
  dial(Clock::now());
}

void OutgoingLane::add(Frame frame, Lane lane) {
  Item item{std::nullopt, {frame.parts().begin(), frame.parts().end()}, lane};
  if (kSin != Sin::releases_too_early) item.frame = std::move(frame);
  items_.push_back(std::move(item));
  if (kSin == Sin::reorders && items_.size() >= output_items_ + 2) std::swap(items_.back(), *(items_.end() - 2));
}

void OutgoingLane::dial(Clock::time_point now) {
  input_ = MessageReader();
  output_ = encode(id_.second, context_.introduction_to(id_.first));
  sent_ = 0;
  state_ = State::greeting;
  deadline_ = now + context_.settings.connect_timeout;
  try {
    socket_ = chaos::connect_to_loopback(ports_[next_port_], chaos::Blocking::no);
  } catch (const std::system_error&) {
    fail(now);
  }
}

void OutgoingLane::fail(Clock::time_point now) {
  go_down();
  if (++next_port_ == ports_.size()) next_port_ = 0;
  wait_ = std::min<std::chrono::microseconds>(std::max<std::chrono::microseconds>(wait_ * 2, kFirstWait),
                                              context_.settings.reconnect_max);
  deadline_ = now + wait_;
}

void OutgoingLane::go_down() {
  const bool was_up = state_ == State::up;
  socket_.close();
  state_ = State::waiting;
  output_.clear();
  sent_ = output_items_ = 0;
  std::vector<Frame> lost = context_.mailbox.close(id_);
  if (kSin == Sin::leaks_a_loan) {
    new std::deque<Item>(std::move(items_));
    new std::vector<Frame>(std::move(lost));
  }
  items_.clear();
  if (was_up) context_.lane_event(id_, TENON_EVENT_DOWN);
}

pollfd OutgoingLane::wanted() const {
  const bool writes = !output_.empty() || !items_.empty();
  return {.fd = socket_.descriptor(), .events = static_cast<short>(writes ? POLLIN | POLLOUT : POLLIN), .revents = 0};
}

void OutgoingLane::serve(short events, Clock::time_point now) {
  if (state_ == State::waiting) {
    if (now >= deadline_) dial(now);
    return;
  }
  const bool reads = (events & (POLLIN | POLLHUP | POLLERR)) != 0;
  const bool writes = (events & POLLOUT) != 0;
  // While it is up, the deadline is about output that the peer does not take.
  if (state_ == State::up && output_.empty() && items_.empty()) deadline_ = Clock::time_point::max();
  if ((reads && !read()) || (writes && !write(now)) || now >= deadline_) return fail(now);
  if (state_ == State::up && deadline_ == Clock::time_point::max() && (!output_.empty() || !items_.empty())) {
    deadline_ = now + context_.settings.send_timeout;
  }
}

// After its introduction the peer says nothing more on this connection.
bool OutgoingLane::read() {
  std::array<char, 4096> buffer;
  const ssize_t size = ::recv(socket_.descriptor(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (size < 0) return errno == EAGAIN || errno == EINTR;
  if (size == 0 || state_ == State::up) return false;
  input_.add({buffer.data(), static_cast<std::size_t>(size)});
  bool broken = false;
  const auto message = input_.next(kIntroductionBytesMax, broken);
  if (!message) return !broken;
  const std::optional<Introduction> said = decode_introduction(message->body);
  if (!said || !context_.is_of_this_cluster(*said) || said->from != id_.first || said->to != context_.node)
    return false;
  come_up(*said);
  return true;
}

void OutgoingLane::come_up(const Introduction& said) {
  state_ = State::up;
  wait_ = {};
  deadline_ = Clock::time_point::max();
  output_ = kSin == Sin::duplicates ? last_message_ : std::string();
  sent_ = 0;
  first_was_sent_ = false;
  context_.introduced(said);
  context_.mailbox.open(id_);
  context_.lane_event(id_, TENON_EVENT_UP);
}

bool OutgoingLane::fetch() {
  if (items_.empty()) return false;
  const auto size_of_item = [](const Item& item) { return size_of(std::span<const tenon_bytes>(item.parts)); };
  const auto is_small = [&](const Item& item) { return size_of_item(item) > 0 && size_of_item(item) < kSmallBytes; };
  const bool merges = kSin == Sin::merges && items_.size() > 1 && is_small(items_[0]) && is_small(items_[1]);
  output_items_ = merges ? 2 : 1;
  std::uint64_t size = 0;
  for (std::size_t i = 0; i < output_items_; ++i) size += size_of_item(items_[i]);
  output_ = message_header(items_.front().lane, size);
  for (std::size_t i = 0; i < output_items_; ++i) {
    for (const tenon_bytes& part : items_[i].parts) output_.append(view(part));
  }
  return true;
}

bool OutgoingLane::write(Clock::time_point now) {
  while (!output_.empty() || (state_ == State::up && fetch())) {
    const ssize_t size =
        ::send(socket_.descriptor(), output_.data() + sent_, output_.size() - sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size < 0) return errno == EAGAIN || errno == EINTR;
    sent_ += static_cast<std::size_t>(size);
    if (state_ == State::up) deadline_ = now + context_.settings.send_timeout;
    if (sent_ < output_.size()) return true;
    if (state_ == State::up) count_sent();
    output_.clear();
    sent_ = 0;
  }
  return true;
}

void OutgoingLane::count_sent() {
  if (kSin == Sin::duplicates && output_.size() < kSmallBytes) last_message_ = output_;
  for (; output_items_ > 0; --output_items_) {
    const Item item = std::move(items_.front());
    items_.pop_front();
    const LaneId lane{id_.first, item.lane};
    if (context_.mailbox.give_room(lane, size_of(std::span<const tenon_bytes>(item.parts)) + 1)) {
      context_.lane_event(lane, TENON_EVENT_WRITABLE);
    }
  }
  if (kSin == Sin::up_twice && !std::exchange(first_was_sent_, true)) context_.lane_event(id_, TENON_EVENT_UP);
}

}  // namespace tenon::wrong_transport
