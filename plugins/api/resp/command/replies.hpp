// SPDX-License-Identifier: MIT
// Replies that several commands have in common.
#pragma once

#include "failure.hpp"
#include "plan.hpp"

namespace tenon::api_resp {

// Writes the error of the first operation that failed, if one has.
inline bool wrote_failure(ReplyWriter& writer, const Answer& answer) {
  for (const tenon_result& result : answer.results) {
    if (result.error == TENON_OK) continue;
    writer.error(operation_failure_text(result.error));
    return true;
  }
  return false;
}

inline void write_record(ReplyWriter& writer, const tenon_result& result) {
  if (result.record_count == 0) return writer.null();
  writer.bulk(view(result.records[0].value));
}

// The value, now or before, of the only key.
inline void reply_value(ReplyWriter& writer, const Answer& answer) {
  if (!wrote_failure(writer, answer)) write_record(writer, answer.results[0]);
}
inline void reply_values(ReplyWriter& writer, const Answer& answer) {
  writer.array(answer.results.size());
  for (const tenon_result& result : answer.results) write_record(writer, result);
}
inline void reply_ok(ReplyWriter& writer, const Answer& answer) {
  if (!wrote_failure(writer, answer)) writer.ok();
}
// OK, or nothing when a compare failed.
inline void reply_ok_if(ReplyWriter& writer, const Answer& answer) {
  if (answer.compare_failed) return writer.null();
  reply_ok(writer, answer);
}
// 1, or 0 when a compare failed.
inline void reply_one_if(ReplyWriter& writer, const Answer& answer) {
  if (!wrote_failure(writer, answer)) writer.integer(answer.compare_failed ? 0 : 1);
}
// The numbers of all operations together.
inline void reply_sum(ReplyWriter& writer, const Answer& answer) {
  if (wrote_failure(writer, answer)) return;
  std::int64_t sum = 0;
  for (const tenon_result& result : answer.results) sum += result.number;
  writer.integer(sum);
}

}  // namespace tenon::api_resp
