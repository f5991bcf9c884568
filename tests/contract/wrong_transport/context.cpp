// SPDX-License-Identifier: MIT
#include "context.hpp"

#include <algorithm>

namespace tenon::wrong_transport {

void Context::introduced(const Introduction& said) const {
  std::vector<const char*> addresses;
  for (const std::string& address : said.addresses) addresses.push_back(address.c_str());
  tenon_introduction introduction{};
  std::copy(std::begin(said.incarnation), std::end(said.incarnation), introduction.incarnation);
  introduction.client_addresses = addresses.data();
  introduction.client_address_count = addresses.size();
  host->introduced(host, said.from, &introduction);
}

Introduction Context::introduction_to(std::uint64_t peer) const {
  const tenon_introduction& self = *host->self;
  Introduction introduction{.cluster = cluster, .from = node, .to = peer};
  std::copy(std::begin(self.incarnation), std::end(self.incarnation), introduction.incarnation);
  introduction.addresses.assign(self.client_addresses, self.client_addresses + self.client_address_count);
  return introduction;
}

}  // namespace tenon::wrong_transport
