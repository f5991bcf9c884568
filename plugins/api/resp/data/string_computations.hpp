// SPDX-License-Identifier: MIT
// Commands on values whose effect follows from what the keys are.
#pragma once

#include "command.hpp"
#include "key_view.hpp"

namespace tenon::api_resp {

void compute_set(Arguments words, const KeyView& keys, Plan& plan, ReplyWriter& reply);
void compute_setnx(Arguments words, const KeyView& keys, Plan& plan, ReplyWriter& reply);
void compute_msetnx(Arguments words, const KeyView& keys, Plan& plan, ReplyWriter& reply);
void compute_setrange(Arguments words, const KeyView& keys, Plan& plan, ReplyWriter& reply);
void compute_incrbyfloat(Arguments words, const KeyView& keys, Plan& plan, ReplyWriter& reply);

}  // namespace tenon::api_resp
