// SPDX-License-Identifier: MIT
#include "net/admission.hpp"

namespace tenon::net {

Admission::Admission(std::uint64_t connections_max, std::uint64_t connections_per_address_max, const Traffic& traffic)
    : connections_max_(connections_max),
      connections_per_address_max_(connections_per_address_max),
      refused_(traffic.refused) {
  counts_->gauge = traffic.connections;
}

std::optional<Admission::Ticket> Admission::admit(const std::string& address) {
  const auto known = counts_->by_address.find(address);
  const std::uint64_t of_address = known == counts_->by_address.end() ? 0 : known->second;
  if (counts_->open >= connections_max_ || of_address >= connections_per_address_max_) {
    refused_.record(1);
    return std::nullopt;
  }
  Ticket ticket(counts_, address);
  ++counts_->by_address[address];
  ++counts_->open;
  counts_->gauge.record(static_cast<double>(counts_->open));
  return ticket;
}

Admission::Ticket::~Ticket() {
  if (counts_ == nullptr) return;
  const auto known = counts_->by_address.find(address_);
  TENON_CHECK(known != counts_->by_address.end() && counts_->open > 0);
  if (--known->second == 0) counts_->by_address.erase(known);
  --counts_->open;
  counts_->gauge.record(static_cast<double>(counts_->open));
}

}  // namespace tenon::net
