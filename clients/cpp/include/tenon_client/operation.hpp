// SPDX-License-Identifier: MIT
// What can be asked of keys, and what comes back.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tenon::client {

struct Record {
  std::string key;
  std::string value;  // empty in a scan of keys only
  std::uint64_t create_revision = 0;
  std::uint64_t mod_revision = 0;              // >= create_revision
  std::uint64_t version = 0;                   // 1 when created, one more with each change
  std::optional<std::uint64_t> expires_at_ms;  // in cluster time; absent: never
};

// A write of this session and sequence is executed once, however often it is tried.
struct InSession {
  std::uint64_t session = 0;
  std::uint64_t sequence = 0;            // 1, 2, 3..
  std::uint64_t lowest_outstanding = 0;  // earlier replies are forgotten, up to 63 later ones are kept; 0: as it was
};

// What a read may rest on; see Consistency in tenon.thrift. A node may give a stronger one.
enum class Consistency { kLinearizable, kLease, kStale, kLog };
struct ReadOptions {
  Consistency consistency = Consistency::kLinearizable;
  std::chrono::milliseconds max_age{0};  // of kStale; 0: any age will do
};

enum class Previous { kUnwanted, kWanted };
struct WriteOptions {
  Previous previous = Previous::kUnwanted;  // kWanted: the result has the record as it was before
  std::optional<InSession> in_session;
};

// When a key ceases to exist.
struct Expiry {
  enum class Kind { kNever, kAfter, kAt, kAsBefore };
  Kind kind = Kind::kNever;
  std::uint64_t milliseconds = 0;  // > 0: of kAfter a duration, of kAt a point of cluster time
};
struct PutOptions {
  Expiry expiry;
  WriteOptions write;
};

// `revision` in every result is that of the state that the result shows; after a write, the one that it made.
struct PutResult {
  std::uint64_t revision = 0;
  std::optional<Record> previous;
};
struct GetResult {
  std::uint64_t revision = 0;
  std::optional<Record> record;       // absent: there is no such key
  std::uint64_t cluster_time_ms = 0;  // which expiries are compared with
};
struct GetManyResult {
  std::uint64_t revision = 0;
  std::vector<std::optional<Record>> records;  // in the order of the keys
  std::uint64_t cluster_time_ms = 0;
};
struct EraseResult {
  std::uint64_t revision = 0;
  bool erased = false;  // whether the key existed
  std::optional<Record> previous;
};
struct AppendResult {
  std::uint64_t revision = 0;
  std::uint64_t length = 0;  // of the value in bytes
  std::optional<Record> previous;
};
struct IncrementResult {
  std::uint64_t revision = 0;
  std::int64_t number = 0;  // the sum
  std::optional<Record> previous;
};
struct ChangeResult {
  std::uint64_t revision = 0;
  bool changed = false;  // of expire(): the key existed; of persist(): it had an expiry
  std::optional<Record> previous;
};

struct KeyRange {
  std::optional<std::string> prefix;  // set: every key that begins with it, and the other two are empty
  std::string first_key;              // from it on; empty: from the first
  std::string end_key;                // below it; empty: to the last
};

enum class ScanContent { kKeysAndValues, kKeys, kCount };
enum class ScanOrder { kForward, kBackward };
struct ScanRequest {
  KeyRange range;
  std::uint64_t limit = 0;  // records at most; 0: the node's own bound, which always holds
  ScanContent content = ScanContent::kKeysAndValues;
  ScanOrder order = ScanOrder::kForward;
  std::string match;   // a pattern of tenon.thrift, which the keys must match; empty: any
  std::string cursor;  // of an earlier result, with all else as there; empty: from the beginning
  ReadOptions read;
};
struct ScanResult {
  std::uint64_t revision = 0;
  std::vector<Record> records;  // in the order that was asked for
  std::string cursor;           // empty: the range is at its end
  std::uint64_t count = 0;      // of kCount
};

struct EraseRangeRequest {
  KeyRange range;
  std::uint64_t limit = 0;  // keys at most; 0: the node's own bound, which always holds
  std::string cursor;       // of an earlier result
  std::optional<InSession> in_session;
};
struct EraseRangeResult {
  std::uint64_t revision = 0;
  std::uint64_t erased = 0;
  std::string cursor;  // empty: the range is empty now
};

struct SwapResult {
  std::uint64_t revision = 0;
  bool swapped = false;
  std::optional<Record> current;  // not swapped: what is there instead; absent when there is no such key
};

// What changes in a range: each change once, in the order in which they happened.
struct WatchRequest {
  KeyRange range;
  std::uint64_t from_revision = 0;    // changes from it on; 0: from when the node takes the request
  std::chrono::milliseconds wait{0};  // for a change, at most kWatchWaitMax; 0: not at all
  std::uint64_t limit = 0;            // changes at most, though a revision is never divided; 0: the node's own bound
  Previous previous = Previous::kUnwanted;
};
inline constexpr std::chrono::milliseconds kWatchWaitMax{60'000};  // what is longer counts as this
struct Change {
  enum class Kind { kPut, kErased, kExpired };
  Kind kind = Kind::kPut;
  Record record;  // of a key that is gone key and mod_revision alone are set
  std::optional<Record> previous;
};
struct WatchResult {
  std::uint64_t next_revision = 0;  // every change of the range before it has come; where to go on, at any node
  std::vector<Change> changes;      // empty when the wait was over
};

// Holds when the target of the key stands in the relation to `value` or `number`. Of an absent key every number is 0,
// and of its value only kNotEqual holds.
struct Compare {
  enum class Target { kValue, kVersion, kCreateRevision, kModRevision };
  enum class Relation { kEqual, kNotEqual, kLess, kGreater };
  std::string key;
  Target target = Target::kVersion;
  Relation relation = Relation::kEqual;
  std::string value;         // of kValue
  std::uint64_t number = 0;  // of the others
};

struct Operation {
  enum class Kind { kPut, kGet, kErase, kEraseRange, kAppend, kIncrement, kExpire, kPersist };
  Kind kind = Kind::kGet;
  std::string key;
  std::string value;       // of kPut and kAppend
  Expiry expiry;           // of kPut and kExpire
  std::int64_t delta = 0;  // of kIncrement
  KeyRange range;          // of kEraseRange
};
struct OperationResult {
  Operation::Kind kind = Operation::Kind::kGet;
  std::optional<Record> record;  // of kGet
  std::int64_t number = 0;       // kErase, kExpire, kPersist 1 or 0; kEraseRange how many; the length; the sum
};

struct Transaction {
  std::vector<Compare> compares;
  std::vector<Operation> operations;
  std::vector<Operation> otherwise;
  std::optional<InSession> in_session;
};
struct TransactionResult {
  std::uint64_t revision = 0;
  bool succeeded = false;                // every compare held
  std::vector<OperationResult> results;  // of the operations that ran
};

}  // namespace tenon::client
