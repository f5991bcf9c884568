// SPDX-License-Identifier: MIT
// Results as a table for people, as JSON for programs, and as plain text for shells. JSON is a promise: names stay,
// numbers of 64 bits are strings, and where a key or value is not UTF-8 both are base64 and "encoding" says so.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tenon_client/client.hpp"
#include "tenonctl/command_line.hpp"
#include "tenonctl/run.hpp"

namespace tenon::tenonctl {

// {"key":..,"value":..,"create_revision":..,"mod_revision":..,"version":..,"expires_at_ms":..}
std::string json_record(const client::Record& record, client::ScanContent content);

// The outcome of a write: "put (revision 7)", {members,"revision":"7"} or 7. `members` is JSON, ended by a comma.
void print_write(std::ostream& output, Format format, const std::string& done, const std::string& members,
                 std::uint64_t revision);

// The outcome of a write that may show what was there before.
struct WriteOutcome {
  std::string done;     // for people
  std::string simple;   // for shells; empty: the revision
  std::string members;  // of JSON, each ended by a comma
  std::uint64_t revision = 0;
  client::Previous wanted = client::Previous::kUnwanted;
  std::optional<client::Record> previous;  // absent: there was no such key
};
// A previous value follows the simple text behind a tabulator, if there was one, and has a line of its own in a table.
void print_outcome(std::ostream& output, Format format, const WriteOutcome& outcome);

// "then" or "else", and a line for each operation that ran: its name, then of a get key and value, else its number.
void print_transaction(std::ostream& output, Format format, const client::TransactionResult& result);

// Of a key that exists. With kSimple the value alone.
void print_get(std::ostream& output, Format format, OutputDevice device, const client::GetResult& result);

// What one endpoint said.
struct EndpointStatus {
  std::string endpoint;
  std::optional<client::Status> status;  // absent: it did not answer
  std::string error;                     // why it did not
};
void print_status(std::ostream& output, Format format, const std::vector<EndpointStatus>& endpoints);
void print_members(std::ostream& output, Format format, const std::vector<client::Member>& members);
struct EndpointMetrics {
  std::string endpoint;
  std::string text;
};
// As the nodes have said it, but for JSON; of several, each behind a comment line that names its endpoint.
void print_metrics(std::ostream& output, Format format, const std::vector<EndpointMetrics>& endpoints);
struct EndpointSnapshot {
  std::string endpoint;
  std::optional<client::Snapshot> snapshot;  // absent: it did not answer
  std::string error;                         // why it did not
};
void print_snapshots(std::ostream& output, Format format, const std::vector<EndpointSnapshot>& endpoints);
// The log of a node before it was cut and after.
struct Compaction {
  client::Log before;
  client::Log after;
};
struct EndpointCompaction {
  std::string endpoint;
  std::optional<Compaction> compaction;  // absent: it was not done
  std::string error;                     // why not
};
void print_compactions(std::ostream& output, Format format, const std::vector<EndpointCompaction>& endpoints);
struct EndpointStateHash {
  std::string endpoint;
  std::optional<client::StateHash> state;  // absent: it did not answer
  std::string error;                       // why it did not
};
void print_state_hashes(std::ostream& output, Format format, const std::vector<EndpointStateHash>& endpoints);
struct BackupFile {
  std::string file;
  std::string cluster_id;
  std::uint64_t index = 0;  // of the last log entry that is in it
  std::uint64_t term = 0;   // of that entry
  std::uint64_t bytes = 0;
};
void print_backup(std::ostream& output, Format format, const BackupFile& backup);
// Needs: the leader is known.
void print_leader(std::ostream& output, Format format, const client::Leadership& leadership);

// The records of a scan as they come. A JSON document is complete after end().
class ScanPrinter {
 public:
  ScanPrinter(std::ostream& output, Format format, client::ScanContent content)
      : output_(output), format_(format), content_(content) {}

  void page(const std::vector<client::Record>& records);
  // `cursor` is empty at the end of the range.
  void end(std::uint64_t revision, const std::string& cursor);

 private:
  bool is_first_ = true;
  std::size_t key_width_ = 0;  // of the table, from its first page
  std::ostream& output_;
  Format format_;
  client::ScanContent content_;
};

}  // namespace tenon::tenonctl
