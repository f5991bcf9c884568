// SPDX-License-Identifier: MIT
// A thin client of the Thrift API: framed binary protocol over TCP, one connection at a time, blocking.
//
// Model. A Client holds a list of endpoints and talks to one node for as long as that answers. Every node serves every
// request, but may at times have no leader to pass it to. What was surely not applied is tried elsewhere: a request
// whose endpoint cannot be reached, or whose node does not lead or is about to stop, goes to the leader that the node
// names, at most twice, and then to the other endpoints, each tried once. A read whose connection is lost goes to the
// next too; a write never does, because it may have been applied: it ends as UnknownOutcome, and what comes after it
// begins at the next endpoint.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tenon_client/endpoint.hpp"
#include "tenon_client/error.hpp"

namespace tenon::client {

struct Options {
  std::vector<Endpoint> endpoints;                  // 1 to kEndpointsMax
  std::chrono::milliseconds connect_timeout{2000};  // for each address of an endpoint; names are resolved by the system
  std::chrono::milliseconds request_timeout{10000};  // from sending to the whole answer, for each endpoint tried
};

struct Record {
  std::string key;
  std::string value;  // empty in a scan of keys only
  std::uint64_t create_revision = 0;
  std::uint64_t mod_revision = 0;  // >= create_revision
  std::uint64_t version = 0;       // 1 when created, one more with each change
};

// `revision` in every result is that of the state that the result shows; after a write, the one that it made.
struct PutResult {
  std::uint64_t revision = 0;
};
struct GetResult {
  std::uint64_t revision = 0;
  std::optional<Record> record;  // absent: there is no such key
};
struct EraseResult {
  std::uint64_t revision = 0;
  bool erased = false;  // whether the key existed
};

enum class ScanContent { kKeysAndValues, kKeys };
struct ScanRange {
  std::optional<std::string> prefix;  // set: every key that begins with it, and the other two are empty
  std::string first_key;              // from it on; empty: from the first
  std::string end_key;                // below it; empty: to the last
};
struct ScanRequest {
  ScanRange range;
  std::uint64_t limit = 0;  // records at most; 0: the node's own bound, which always holds
  ScanContent content = ScanContent::kKeysAndValues;
  std::string cursor;  // of an earlier result, with the same range and content; empty: from the beginning
};
struct ScanResult {
  std::uint64_t revision = 0;
  std::vector<Record> records;  // in the order of their keys
  std::string cursor;           // empty: the range is at its end
};

struct SwapResult {
  std::uint64_t revision = 0;
  bool swapped = false;
  std::optional<Record> current;  // not swapped: what is there instead; absent when there is no such key
};

// Of the node that answered. What it did not tell is absent.
struct Status {
  std::string endpoint;
  std::optional<std::uint64_t> node_id;
  std::optional<std::string> cluster_id;
  std::optional<std::string> role;
  std::optional<std::uint64_t> term;
  std::optional<std::uint64_t> leader;  // 0: not known
  std::optional<std::uint64_t> commit_index;
  std::optional<std::uint64_t> applied_index;
  std::optional<std::uint64_t> revision;
  std::optional<std::string> version;
  std::optional<std::uint64_t> uptime_ms;
  std::optional<std::uint64_t> keys;
  std::map<std::string, std::string> other;
};

// One voter of the cluster, as the node that answered sees it. What it does not know is absent or empty.
struct Member {
  std::uint64_t node_id = 0;
  bool is_leader = false;
  std::optional<std::string> incarnation;     // of its data directory, in hexadecimal digits
  std::vector<std::string> addresses;         // URLs for the other nodes
  std::vector<std::string> client_addresses;  // URLs for clients
  std::optional<std::string> control_transport;
  std::optional<std::string> bulk_transport;
  // From the leader only, of the others.
  std::optional<std::uint64_t> match_index;
  std::optional<std::uint64_t> next_index;
  std::optional<std::string> progress;
};

struct Leadership {
  std::uint64_t leader = 0;  // 0: not known
  std::uint64_t term = 0;
  std::vector<std::string> client_addresses;  // URLs of the leader's client APIs
};

class Caller;

// Each request throws NoConnection, Refused, and if it writes UnknownOutcome; see error.hpp. Keys have 1 to 65536
// bytes; a node refuses others, and values above its limit. For one thread at a time.
class Client {
 public:
  // Connects nowhere yet. Throws std::invalid_argument without endpoints. Needs: timeouts above zero.
  explicit Client(Options options);
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  // Returns when the write is committed: durable on a quorum.
  PutResult put(std::string_view key, std::string_view value);
  // Linearizable: sees every write that was acknowledged, to whomever, before the call.
  GetResult get(std::string_view key);
  // As put(); to erase a key that does not exist is no error.
  EraseResult erase(std::string_view key);
  // One page of the range, linearizable; the pages of one scan are of different moments.
  ScanResult scan(const ScanRequest& wanted);
  // Sets the key to `value` when its value is `expected` (absent: when there is no such key), in one step. A write.
  SwapResult compare_and_swap(std::string_view key, const std::optional<std::string>& expected, std::string_view value);

  // The next four are the word of one node, without asking the others; also while there is no leader.
  Status status();
  std::vector<Member> members();  // ascending by node
  Leadership leadership();
  std::string metrics();  // what it counts and measures, in the text format 0.0.4 of Prometheus
  // Asks the leader to hand over to `target`, 0: to the voter whose log is the longest. Returns the term that is to
  // end; done when another node leads a later one, which may never be.
  std::uint64_t transfer_leadership(std::uint64_t target);

 private:
  std::unique_ptr<Caller> caller_;
};

}  // namespace tenon::client
