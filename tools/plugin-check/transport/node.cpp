// SPDX-License-Identifier: MIT
#include "transport/node.hpp"

#include <algorithm>

#include "chaos/socket.hpp"
#include "network/listening.hpp"

namespace tenon::plugin_check {

namespace {

constexpr int kStartsMax = 5;  // another process may have taken a port that was free

Said said_by(std::uint64_t node) {
  Said said{{}, {"thrift://client-of-" + std::to_string(node) + ":7101", "http://[::1]:8080/?node=1"}};
  for (std::size_t i = 0; i < said.incarnation.size(); ++i)
    said.incarnation[i] = static_cast<std::uint8_t>(node * 16 + i);
  return said;
}

}  // namespace

std::string url(Subject& subject, std::uint16_t port) {
  return scheme_of(subject) + "://127.0.0.1:" + std::to_string(port);
}

plugin::Options short_waits(Subject& subject) {
  plugin::Options options;
  set_if_declared(subject, options, "connect_timeout", "500ms");
  set_if_declared(subject, options, "reconnect_max", "200ms");
  set_if_declared(subject, options, "send_timeout", "1s");
  return options;
}

Node::Node(Subject& subject, NodePlan plan)
    : subject_(subject),
      plan_(std::move(plan)),
      said_(said_by(plan_.id)),
      book_(std::make_shared<TrafficBook>()),
      loans_(std::make_shared<LoanBook>()) {
  subject.keep(book_);
  subject.keep(loans_);
  std::string failure;
  for (int i = 0; i < kStartsMax; ++i) {
    if (try_start(failure)) return;
  }
  subject.fail("start() failed at " + std::to_string(kStartsMax) + " ports; expected it to listen; " + failure);
}

bool Node::try_start(std::string& failure) {
  port_ = plan_.port != 0 ? plan_.port : chaos::free_port();
  plugin::Options options = listening_at(subject_, port_);
  options.insert(plan_.options.begin(), plan_.options.end());
  const Identity identity{.node_id = plan_.id, .cluster_id = plan_.cluster};
  instance_ = std::make_unique<Instance>(subject_, subject_.new_directory("node"), options, identity);
  TransportHost::Receiver receiver = plan_.receiver;
  if (!receiver) {
    receiver = [this](std::uint64_t peer, Lane lane, std::string_view bytes) {
      const std::string fault = book_->enter(peer, lane, bytes);
      subject_.expect(fault.empty(), fault + " (transport.h: never twice, changed, merged or out of order)");
    };
  }
  host_ = std::make_shared<TransportHost>(said_, std::move(receiver));
  subject_.keep(host_);
  tenon_detail why = new_detail();
  const tenon_error error = instance_->call("transport.start()", ThreadWord::setup, [&] {
    return instance_->object().transport->start(instance_->self(), host_->table(), &why);
  });
  if (error == TENON_OK) return true;
  failure = "start() returned " + text_of(error, why);
  subject_.expect(error == TENON_ERROR_IO, failure + "; expected OK, for the options fit the manifest");
  instance_->destroy();
  return false;
}

tenon_error Node::set_peer(std::uint64_t peer, const std::vector<std::string>& addresses) {
  std::vector<const char*> pointers;
  for (const std::string& address : addresses) pointers.push_back(address.c_str());
  const std::lock_guard lock(core_);
  return instance_->call("transport.set_peer()", ThreadWord::core, [&] {
    return instance_->object().transport->set_peer(instance_->self(), peer, pointers.data(), pointers.size());
  });
}

std::size_t Node::send(std::uint64_t peer, Lane lane, std::vector<std::string> frames, std::size_t part_bytes) {
  std::vector<tenon_frame> offered;
  for (std::string& frame : frames) offered.push_back(loans_->offer(std::move(frame), part_bytes));
  const std::lock_guard lock(core_);
  const std::chrono::nanoseconds begin = steady_now();
  const std::uint64_t taken = instance_->call("transport.send()", ThreadWord::core, [&] {
    return instance_->object().transport->send(instance_->self(), peer, static_cast<std::uint32_t>(lane),
                                               offered.data(), offered.size());
  });
  longest_send_ = std::max(longest_send_, steady_now() - begin);
  loans_->settle(offered, static_cast<std::size_t>(taken));
  return static_cast<std::size_t>(taken);
}

std::size_t Node::send_traffic(std::uint64_t peer, Lane lane, const std::vector<std::size_t>& sizes) {
  std::atomic<std::uint64_t>& last = sequences_[static_cast<std::size_t>(lane)];
  std::vector<std::string> frames;
  for (const std::size_t size : sizes) {
    frames.push_back(make_traffic_frame({id(), lane, last + frames.size() + 1, steady_now()}, size));
  }
  const std::size_t taken = send(peer, lane, std::move(frames));
  last += taken;
  return taken;
}

std::chrono::nanoseconds Node::longest_send() const {
  const std::lock_guard lock(core_);
  return longest_send_;
}

bool Node::is_up(std::uint64_t peer) const {
  return std::all_of(kLanes.begin(), kLanes.end(), [&](Lane lane) { return host_->is_up(peer, lane); });
}

void Node::stop() {
  instance_->call("transport.stop()", ThreadWord::setup,
                  [&] { instance_->object().transport->stop(instance_->self()); });
  stopped_ = true;
}

void Node::destroy() {
  if (!stopped_) stop();
  if (!std::exchange(destroyed_, true)) instance_->destroy();
}

}  // namespace tenon::plugin_check
