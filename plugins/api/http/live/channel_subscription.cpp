// SPDX-License-Identifier: MIT
#include "channel_subscription.hpp"

#include "json_text.hpp"

namespace tenon::api_http {

namespace {

// Messages on loan to one subscription: what is not yet sent is at most so much.
constexpr std::uint64_t kMessagesMax = 256;

// Empty when it brings none.
std::string messages_json(const tenon_completion& completion) {
  std::string text;
  for (const tenon_result& result : results(completion)) {
    for (const tenon_record& record : records(result)) {
      text += text.empty() ? '[' : ',';
      JsonObject object(text);
      object.bytes("channel", view(record.key));
      object.bytes("message", view(record.value));
    }
  }
  return text.empty() ? text : text + ']';
}

}  // namespace

void LiveConnection::ChannelSubscription::begin() {
  submissions_ = &owner()->environment_.submissions;
  const bool is_prefix = pattern_.ends_with('*');
  const std::string_view channel = std::string_view(pattern_).substr(0, pattern_.size() - (is_prefix ? 1 : 0));
  net::RequestBatch& batch = submissions_->batch();
  const auto operations = batch.make<tenon_operation>(1);
  operations[0] = operation(TENON_SUBSCRIBE, {});
  operations[0].key = batch.keep(channel);
  operations[0].flags = is_prefix ? TENON_RANGE_PREFIX : TENON_RANGE_ONE;
  operations[0].limit = kMessagesMax;
  request_ = submissions_->add(request(0, operations), [self = shared_from_this()](Completion completion) {
    self->take(std::move(completion));
  });
}

void LiveConnection::ChannelSubscription::end() {
  Subscription::end();
  unsent_.clear();
  if (submissions_ != nullptr) submissions_->cancel(request_);
}

void LiveConnection::ChannelSubscription::take(Completion completion) {
  if (owner() == nullptr) return;
  if ((completion->flags & TENON_COMPLETION_MISSED) != 0) send("lagged", ",\"unit\":\"message\"");
  if ((completion->flags & TENON_COMPLETION_MORE) == 0) {
    submissions_ = nullptr;
    return finish(*completion);
  }
  const std::string messages = messages_json(*completion);
  if (messages.empty()) return;
  send("event", member("sequence", ++sequence_) + ",\"data\":{\"messages\":" + messages + "}");
  unsent_.push_back(std::move(completion));  // which holds the node back until it is sent
}

}  // namespace tenon::api_http
