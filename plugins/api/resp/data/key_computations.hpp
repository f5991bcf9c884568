// SPDX-License-Identifier: MIT
// Commands on keys whose effect follows from what the keys are.
#pragma once

#include <string>

#include "command.hpp"
#include "expiry.hpp"
#include "key_view.hpp"

namespace tenon::api_resp {

// What EXPIRE, PEXPIRE, EXPIREAT and PEXPIREAT say.
struct ExpireRequest {
  std::string error;
  ExpiryUnit unit{};
  std::int64_t milliseconds = 0;  // not positive: the key is gone at once
  bool if_none = false;
  bool if_any = false;
  bool if_later = false;
  bool if_earlier = false;

  bool is_conditional() const noexcept { return if_none || if_any || if_later || if_earlier; }
};
ExpireRequest parse_expire(Arguments words);
void add_expire(const ExpireRequest& request, std::string_view key, Plan& plan);

void compute_expire(Arguments words, const KeyView& keys, Plan& plan, ReplyWriter& reply);
void compute_rename(Arguments words, const KeyView& keys, Plan& plan, ReplyWriter& reply);
void compute_renamenx(Arguments words, const KeyView& keys, Plan& plan, ReplyWriter& reply);
void compute_copy(Arguments words, const KeyView& keys, Plan& plan, ReplyWriter& reply);

}  // namespace tenon::api_resp
