// SPDX-License-Identifier: MIT
// Replies that several commands have in common.
#pragma once

#include <algorithm>

#include "failure.hpp"
#include "plan.hpp"

namespace tenon::api_resp {

// Writes the error of the first operation that failed, if one has. What failed has no value, number or records, so that
// nothing else may be told of it.
inline bool wrote_failure(ReplyWriter& writer, std::span<const tenon_result> results, bool makes_value = false) {
  const auto failed =
      std::find_if(results.begin(), results.end(), [](const tenon_result& result) { return result.error != TENON_OK; });
  if (failed == results.end()) return false;
  writer.error(operation_failure_text(*failed, makes_value));
  return true;
}
// The one reply of a command whose operations have run.
inline void write_answer(ReplyWriter& writer, const ReplyShape& shape, const Answer& answer) {
  if (!wrote_failure(writer, answer.results, shape.makes_value)) shape.write(writer, answer);
}

inline void write_record(ReplyWriter& writer, const tenon_result& result) {
  if (result.record_count == 0) return writer.null();
  writer.bulk(view(result.records[0].value));
}

// The value, now or before, of the only key.
inline void reply_value(ReplyWriter& writer, const Answer& answer) { write_record(writer, answer.results[0]); }
inline void reply_values(ReplyWriter& writer, const Answer& answer) {
  writer.array(answer.results.size());
  for (const tenon_result& result : answer.results) write_record(writer, result);
}
inline void reply_ok(ReplyWriter& writer, const Answer&) { writer.ok(); }
// OK, or nothing when a compare failed.
inline void reply_ok_if(ReplyWriter& writer, const Answer& answer) {
  answer.compare_failed ? writer.null() : writer.ok();
}
// 1, or 0 when a compare failed.
inline void reply_one_if(ReplyWriter& writer, const Answer& answer) { writer.integer(answer.compare_failed ? 0 : 1); }
// The numbers of all operations together.
inline void reply_sum(ReplyWriter& writer, const Answer& answer) {
  std::int64_t sum = 0;
  for (const tenon_result& result : answer.results) sum += result.number;
  writer.integer(sum);
}

}  // namespace tenon::api_resp
