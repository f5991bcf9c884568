// SPDX-License-Identifier: MIT
#include "transport/pair.hpp"

#include "network/resources.hpp"

namespace tenon::plugin_check {

namespace {

constexpr std::size_t kBatchMax = 8;
constexpr auto kPause = std::chrono::microseconds(500);

}  // namespace

Pair::Pair(Subject& subject, const plugin::Options& options, const TransportHost::Receiver& receiver)
    : subject_(subject),
      one_(subject, {.id = 1, .options = options, .receiver = receiver}),
      two_(subject, {.id = 2, .options = options, .receiver = receiver}),
      to_one_(one_.port(), subject.task().seed),
      to_two_(two_.port(), subject.task().seed + 1) {
  for (const tenon_error error :
       {one_.set_peer(2, {url(subject, to_two_.port())}), two_.set_peer(1, {url(subject, to_one_.port())})}) {
    subject.expect(error == TENON_OK,
                   "set_peer() with " + url(subject, to_two_.port()) + " returned " + text_of(error) + "; expected OK");
  }
}

void Pair::disturb(const chaos::Disturbance& both) {
  to_one_.disturb(both);
  to_two_.disturb(both);
}

void Pair::cut(chaos::Cut how) {
  to_one_.cut(how);
  to_two_.cut(how);
}

void Pair::abandon() {
  to_one_.abandon();
  to_two_.abandon();
}

void Pair::refuse(bool refusing) {
  to_one_.refuse(refusing);
  to_two_.refuse(refusing);
}

void Pair::await_up(const std::string& when) {
  await(subject_, kPatience, "both lanes of both nodes to be up " + when, [&] { return is_up(); });
}

Traffic::Traffic(Subject& subject, Node& from, std::uint64_t to, std::size_t frame_bytes_max)
    : from_(from), to_(to), frame_bytes_max_(frame_bytes_max), random_(subject.generator(from.id())) {
  thread_ = std::thread([this] { run(); });
}

void Traffic::end() {
  ends_ = true;
  if (thread_.joinable()) thread_.join();
}

void Traffic::run() {
  while (!ends_) {
    send_some(Lane::control);
    send_some(Lane::bulk);
    std::this_thread::sleep_for(kPause);
  }
}

// Most frames are small, and some are as large as they may be.
void Traffic::send_some(Lane lane) {
  std::vector<std::size_t> sizes(1 + random_() % kBatchMax);
  for (std::size_t& size : sizes) {
    const std::size_t max =
        random_() % kBatchMax == 0 ? frame_bytes_max_ : kTrafficFrameBytesMin + frame_bytes_max_ / 64;
    size = kTrafficFrameBytesMin + random_() % (max - kTrafficFrameBytesMin + 1);
  }
  from_.send_traffic(to_, lane, sizes);
}

}  // namespace tenon::plugin_check
