// SPDX-License-Identifier: MIT
// How many connections there may be: in all, and from one address, so that one client cannot shut out the others.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "net/traffic.hpp"

namespace tenon::net {

// Counts connections: 0 <= open <= connections_max, and of each address 1 <= open <= connections_per_address_max.
// Of one thread. Tickets may outlive it.
class Admission {
  struct Counts {
    std::uint64_t open = 0;
    std::map<std::string, std::uint64_t> by_address;
    Metric gauge;
  };

 public:
  // The right to one connection; its end gives the place back.
  class Ticket {
   public:
    Ticket(std::shared_ptr<Counts> counts, std::string address)
        : counts_(std::move(counts)), address_(std::move(address)) {}
    Ticket(Ticket&&) = default;
    Ticket& operator=(Ticket&&) = delete;
    ~Ticket();

   private:
    std::shared_ptr<Counts> counts_;
    std::string address_;
  };

  Admission(std::uint64_t connections_max, std::uint64_t connections_per_address_max, const Traffic& traffic);

  // A ticket for a connection from `address` (without port), or nullopt when a bound is reached, which is counted.
  std::optional<Ticket> admit(const std::string& address);
  std::uint64_t open() const noexcept { return counts_->open; }

 private:
  const std::uint64_t connections_max_;
  const std::uint64_t connections_per_address_max_;
  const Metric refused_;
  const std::shared_ptr<Counts> counts_ = std::make_shared<Counts>();
};

}  // namespace tenon::net
