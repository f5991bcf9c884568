// SPDX-License-Identifier: MIT
// What a connection has yet to send: bytes of its own and frames on loan, in the order in which they leave.
#pragma once

#include <array>
#include <boost/asio/buffer.hpp>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/transport.hpp"

namespace tenon::net {

// Of one thread. bytes() is the sum of what was appended less what was dropped; empty() means that it is 0.
class OutputQueue {
 public:
  static constexpr std::size_t kGatheredMax = 64;  // buffers in one send; the operating system takes 1024, Asio 64
  using Gathered = std::array<boost::asio::const_buffer, kGatheredMax>;

  // Copies the bytes.
  void append(std::string_view bytes);
  // Keeps a large frame where it lies, and its loan until its last byte has been dropped; copies a small one, whose
  // loan ends at once.
  void append(Frame frame);

  // The first bytes of the queue, as buffers in `room`. They hold until the next drop() or clear().
  std::span<const boost::asio::const_buffer> gather(Gathered& room) const;
  // Appends all of the queue to `room`, in the same way.
  void gather_all(std::vector<boost::asio::const_buffer>& room) const;
  // Forgets the first `sent` bytes. Needs: sent <= bytes().
  void drop(std::uint64_t sent);
  // Forgets everything and ends every loan.
  void clear() noexcept;

  bool empty() const noexcept { return pieces_.empty(); }
  std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  struct Piece {
    std::string bytes;  // when there is no frame
    std::optional<Frame> frame;
  };
  template <class Add>
  void each_buffer(Add&& add) const;
  void pop();

  std::deque<Piece> pieces_;  // none is without bytes
  std::size_t part_ = 0;      // of the first piece, when it is a frame: the part that leaves next
  std::size_t offset_ = 0;    // how much of the first piece, or of that part, has left
  std::uint64_t bytes_ = 0;
};

}  // namespace tenon::net
