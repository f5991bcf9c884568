// SPDX-License-Identifier: MIT
#include "transport/loans.hpp"

#include <algorithm>

#include "tenon/bytes.hpp"

namespace tenon::plugin_check {

namespace {

constexpr std::uint64_t kRetiredBytesMax = std::uint64_t{16} << 20U;
constexpr std::size_t kRetiredMax = 4096;
constexpr char kSpoilt = '\x5a';

}  // namespace

struct LoanBook::Lent {
  LoanBook& book;
  std::string bytes;
  std::vector<tenon_bytes> parts;
};

LoanBook::LoanBook() = default;

LoanBook::~LoanBook() = default;

tenon_frame LoanBook::offer(std::string bytes, std::size_t part_bytes) {
  auto lent = std::make_unique<Lent>(Lent{*this, std::move(bytes), {}});
  const std::string_view all = lent->bytes;
  for (std::size_t from = 0; from < all.size(); from += part_bytes) {
    lent->parts.push_back(tenon::bytes(all.substr(from, part_bytes)));
  }
  if (all.size() % 2 == 1) lent->parts.push_back({});
  const tenon_frame frame{lent->parts.data(), lent->parts.size(), {released, lent.get()}};
  const std::lock_guard lock(mutex_);
  bytes_out_ += lent->bytes.size();
  Lent* const key = lent.get();
  out_.emplace(key, std::move(lent));
  return frame;
}

void LoanBook::settle(std::span<const tenon_frame> frames, std::size_t taken) {
  const std::lock_guard lock(mutex_);
  for (const tenon_frame& frame : frames.subspan(taken)) retire(static_cast<Lent*>(frame.loan.owner));
}

void LoanBook::released(void* owner) {
  auto* const lent = static_cast<Lent*>(owner);
  LoanBook& book = lent->book;
  const std::lock_guard lock(book.mutex_);
  std::fill(lent->bytes.begin(), lent->bytes.end(), kSpoilt);
  book.retire(lent);
}

void LoanBook::retire(Lent* lent) {
  const auto found = out_.find(lent);
  bytes_out_ -= lent->bytes.size();
  bytes_retired_ += lent->bytes.size();
  retired_.push_back(std::move(found->second));
  out_.erase(found);
  while (bytes_retired_ > kRetiredBytesMax || retired_.size() > kRetiredMax) {
    bytes_retired_ -= retired_.front()->bytes.size();
    retired_.pop_front();
  }
}

std::uint64_t LoanBook::frames_out() const {
  const std::lock_guard lock(mutex_);
  return out_.size();
}

std::uint64_t LoanBook::bytes_out() const {
  const std::lock_guard lock(mutex_);
  return bytes_out_;
}

}  // namespace tenon::plugin_check
