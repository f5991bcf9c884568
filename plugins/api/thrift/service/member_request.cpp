// SPDX-License-Identifier: MIT
// A change of members as the admin verb that asks for it.
#include <string>

#include "conversion.hpp"
#include "error_mapping.hpp"

namespace tenon::api_thrift {
namespace {

thrift_api::TenonError invalid(const std::string& message) { return refusal(thrift_api::ErrorCode::INVALID, message); }

std::string id_of(const char* field, std::int64_t id) {
  if (id < 1)
    throw invalid(std::string(field) + ": found " + std::to_string(id) + ", expected the id of a node, from 1 on");
  return std::to_string(id);
}

// A separator within an address would make it another.
std::string addresses_of(const thrift_api::ChangeMembersRequest& request) {
  std::string all;
  for (const std::string& address : request.addresses) {
    if (address.find_first_of(" |\n") != std::string::npos) {
      throw invalid("addresses: an address has neither spaces nor '|', as in thrift://10.0.0.4:7201");
    }
    all += (all.empty() ? "" : "|") + address;
  }
  if (all.empty())
    throw invalid("addresses: found none, expected where the node is reached, as in thrift://10.0.0.4:7201");
  return all;
}

}  // namespace

std::string member_verb_of(const thrift_api::ChangeMembersRequest& request) {
  switch (request.change) {
    case thrift_api::MemberChange::ADD:
      return "member_add";
    case thrift_api::MemberChange::PROMOTE:
      return "member_promote";
    case thrift_api::MemberChange::REMOVE:
      return "member_remove";
    case thrift_api::MemberChange::REPLACE:
      return "member_replace";
  }
  throw invalid("change: found " + std::to_string(static_cast<int>(request.change)) + ", expected a MemberChange");
}

std::string member_argument_of(const thrift_api::ChangeMembersRequest& request) {
  const std::string node = id_of("node", request.node);
  const std::string force = request.force ? " force" : "";
  switch (request.change) {
    case thrift_api::MemberChange::ADD:
      return node + " " + addresses_of(request) + (request.stays_learner ? " learner" : "");
    case thrift_api::MemberChange::REPLACE:
      return id_of("replaced", request.replaced) + " " + node + " " + addresses_of(request);
    default:
      return node + force;
  }
}

}  // namespace tenon::api_thrift
