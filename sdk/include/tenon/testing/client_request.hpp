// SPDX-License-Identifier: MIT
// Requests and completions of a client API's queue as values that a test can keep, compare and write down.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tenon/client_api.hpp"

namespace tenon {
inline namespace [[gnu::visibility("hidden")]] sdk_1 {
namespace testing {

struct ScriptedOperation {
  explicit ScriptedOperation(const tenon_operation& from)
      : kind(from.kind),
        flags(from.flags),
        key(view(from.key)),
        range_end(view(from.range_end)),
        value(view(from.value)),
        cursor(view(from.cursor)),
        delta(from.delta),
        expiry_ms(from.expiry_ms),
        revision(from.revision),
        limit(from.limit),
        limit_bytes(from.limit_bytes) {}

  std::uint32_t kind;
  std::uint32_t flags;
  std::string key;
  std::string range_end;
  std::string value;
  std::string cursor;
  std::int64_t delta;
  std::uint64_t expiry_ms;
  std::uint64_t revision;
  std::uint64_t limit;
  std::uint64_t limit_bytes;
};

struct ScriptedCompare {
  explicit ScriptedCompare(const tenon_compare& from)
      : what(from.what), relation(from.relation), key(view(from.key)), value(view(from.value)), number(from.number) {}

  std::uint32_t what;
  std::uint32_t relation;
  std::string key;
  std::string value;
  std::uint64_t number;
};

// A copy of a request that lasts.
struct ScriptedRequest {
  explicit ScriptedRequest(const tenon_request& from)
      : id(from.id),
        flags(from.flags),
        consistency(from.consistency),
        timeout_ms(from.timeout_ms),
        max_age_ms(from.max_age_ms),
        session(from.session),
        session_sequence(from.session_sequence),
        session_outstanding(from.session_outstanding),
        compares(from.compares, from.compares + from.compare_count),
        operations(from.operations, from.operations + from.operation_count),
        otherwise(from.otherwise, from.otherwise + from.otherwise_count),
        trace(view(from.trace)) {
    TENON_CHECK(from.struct_size == sizeof from);
    for (std::uint64_t i = 0; i < from.operation_count; ++i) {
      TENON_CHECK(from.operations[i].struct_size == sizeof(tenon_operation));
    }
  }

  std::uint64_t id;
  std::uint32_t flags;
  std::uint32_t consistency;
  std::uint64_t timeout_ms;
  std::uint64_t max_age_ms;
  std::uint64_t session;
  std::uint64_t session_sequence;
  std::uint64_t session_outstanding;
  std::vector<ScriptedCompare> compares;
  std::vector<ScriptedOperation> operations;
  std::vector<ScriptedOperation> otherwise;
  std::string trace;
};

struct ScriptedRecord {
  std::string key;
  std::string value;
  std::uint64_t created = 1;
  std::uint64_t modified = 1;
  std::uint64_t version = 1;
  std::uint64_t kind = TENON_RECORD_CURRENT;
  std::uint64_t expires_at_ms = 0;
};

struct ScriptedResult {
  tenon_error error = TENON_OK;
  std::vector<ScriptedRecord> records = {};
  std::int64_t number = 0;
  std::string cursor = {};
};

struct ScriptedCompletion {
  std::uint32_t outcome = TENON_OUTCOME_DONE;
  tenon_error error = TENON_OK;
  std::uint64_t revision = 1;
  std::vector<ScriptedResult> results = {};
  std::uint64_t flags = 0;
  std::string message = {};
  std::uint64_t leader = 0;
  std::string leader_address = {};
  std::uint64_t cluster_time_ms = 0;
  std::uint64_t term = 0;
};

// A completion as the waist shows it, with the memory that it refers to. It is destroyed by the release of its loan.
struct LentCompletion {
  LentCompletion(std::uint64_t request, const ScriptedCompletion& from, void* of_host, void (*release)(void*))
      : host(of_host), copy(from) {
    for (const ScriptedResult& result : copy.results) {
      records.emplace_back();
      for (const ScriptedRecord& record : result.records) {
        records.back().push_back({record.kind, bytes(record.key), bytes(record.value), record.created, record.modified,
                                  record.version, record.expires_at_ms});
      }
      results.push_back({result.error, static_cast<std::uint32_t>(result.records.size()), records.back().data(),
                         result.number, bytes(result.cursor)});
    }
    table.struct_size = sizeof table;
    table.request = request;
    table.flags = copy.flags;
    table.outcome = copy.outcome;
    table.error = copy.error;
    table.revision = copy.revision;
    table.cluster_time_ms = copy.cluster_time_ms;
    table.term = copy.term;
    table.leader = copy.leader;
    table.leader_address = bytes(copy.leader_address);
    table.message = bytes(copy.message);
    table.results = results.data();
    table.result_count = results.size();
    table.loan = {release, this};
  }
  LentCompletion(const LentCompletion&) = delete;
  LentCompletion& operator=(const LentCompletion&) = delete;

  void* const host;
  const ScriptedCompletion copy;
  std::vector<std::vector<tenon_record>> records;
  std::vector<tenon_result> results;
  tenon_completion table{};
};

}  // namespace testing
}  // namespace sdk_1
}  // namespace tenon
