// SPDX-License-Identifier: MIT
#include "key_view.hpp"

#include "tenon/bytes.hpp"
#include "tenon/check.hpp"
#include "tenon/option.hpp"

namespace tenon::api_resp {

namespace {

std::uint64_t expiry_of(const tenon_operation& operation, std::uint64_t cluster_time_ms) noexcept {
  const bool is_absolute = (operation.flags & TENON_EXPIRY_ABSOLUTE) != 0;
  return operation.expiry_ms == 0 || is_absolute ? operation.expiry_ms : cluster_time_ms + operation.expiry_ms;
}

// Without effect on what is no number, or on a sum that is none.
void increment(KeyState& state, std::int64_t delta) {
  const std::optional<std::int64_t> number = state.exists ? tenon::parse_integer(state.value) : 0;
  std::int64_t sum = 0;
  if (!number || __builtin_add_overflow(*number, delta, &sum)) return;
  state.exists = true;
  state.value = std::to_string(sum);
}

}  // namespace

void KeyView::set(std::string_view key, const tenon_record* record) {
  KeyState& state = keys_[std::string(key)];
  value_bytes_ -= state.set_bytes;
  state = {};
  if (record == nullptr) return;
  state.exists = true;
  state.set_bytes = record->value.size;
  value_bytes_ += state.set_bytes;
  state.value = view(record->value);
  state.expires_at_ms = record->expires_at_ms;
  state.modified = record->modified;
}

const KeyState* KeyView::find(std::string_view key) const {
  const auto found = keys_.find(key);
  return found == keys_.end() ? nullptr : &found->second;
}

const KeyState& KeyView::at(std::string_view key) const {
  const KeyState* const found = find(key);
  TENON_CHECK(found != nullptr);
  return *found;
}

void KeyView::apply(const tenon_operation& operation) {
  const auto found = keys_.find(view(operation.key));
  if (found == keys_.end()) return;
  KeyState& state = found->second;
  switch (operation.kind) {
    case TENON_PUT:
      if (!state.exists) state.expires_at_ms = 0;
      state.exists = true;
      state.value = view(operation.value);
      if ((operation.flags & TENON_EXPIRY_KEEP) == 0) state.expires_at_ms = expiry_of(operation, cluster_time_ms_);
      break;
    case TENON_APPEND:
      state.exists = true;
      state.value.append(view(operation.value));
      break;
    case TENON_INCREMENT:
      increment(state, operation.delta);
      break;
    case TENON_DELETE:
      state.exists = false;
      break;
    case TENON_EXPIRE:
      if (state.exists) state.expires_at_ms = expiry_of(operation, cluster_time_ms_);
      break;
    case TENON_PERSIST:
      state.expires_at_ms = 0;
      break;
    default:
      break;
  }
  const bool has_expired = state.expires_at_ms != 0 && state.expires_at_ms <= cluster_time_ms_;
  if (state.exists && !has_expired) return;
  state.exists = false;
  state.value.clear();
  state.expires_at_ms = 0;
}

}  // namespace tenon::api_resp
