// SPDX-License-Identifier: MIT
// The plugin over a map in memory, for clients in other languages: prints its port and serves until standard input
// ends.
#include <algorithm>
#include <cstdio>
#include <map>

#include "plugin_fixture.hpp"

using namespace tenon;
using namespace tenon::api_thrift;
using testing::ScriptedOperation;
using testing::ScriptedRecord;

namespace {

class Store {
 public:
  ScriptedCompletion answer(const ScriptedRequest& request) {
    ScriptedCompletion completion;
    if (request.operations.size() == 1 && request.operations[0].kind == TENON_WATCH)
      return watch(request.operations[0]);
    for (const auto& compare : request.compares) {
      const auto found = records_.find(compare.key);
      if ((found == records_.end() ? 0 : found->second.version) != compare.number)
        completion.flags = TENON_COMPLETION_ELSE;
    }
    const bool otherwise = completion.flags == TENON_COMPLETION_ELSE;
    for (const ScriptedOperation& operation : otherwise ? request.otherwise : request.operations) {
      completion.results.push_back(run(operation));
    }
    completion.revision = revision_;
    return completion;
  }

 private:
  // What has changed until now, as the first completion of a stream; nothing follows it.
  ScriptedCompletion watch(const ScriptedOperation& operation) const {
    ScriptedCompletion completion;
    completion.flags = TENON_COMPLETION_MORE;
    completion.revision = std::max(revision_, operation.revision - std::min<std::uint64_t>(operation.revision, 1));
    ScriptedResult& result = completion.results.emplace_back();
    for (const ScriptedRecord& change : changes_) {
      if (operation.revision == 0 || change.modified < operation.revision) continue;
      if (!change.key.starts_with(operation.key)) continue;
      if (operation.limit != 0 && result.records.size() == operation.limit) {
        completion.revision = change.modified - 1;
        break;
      }
      result.records.push_back(change);
    }
    return completion;
  }
  ScriptedResult run(const ScriptedOperation& operation) {
    ScriptedResult result;
    const auto found = records_.find(operation.key);
    if (found != records_.end() && operation.kind != TENON_SCAN) {
      result.records.push_back(found->second);
      if (operation.kind != TENON_GET) result.records[0].kind = TENON_RECORD_PREVIOUS;
    }
    if (operation.kind == TENON_PUT) {
      ++revision_;
      ScriptedRecord& record = records_[operation.key];
      if (found == records_.end()) record = {operation.key, {}, revision_, revision_, 0};
      record.value = operation.value;
      record.modified = revision_;
      ++record.version;
      changes_.push_back(record);
    } else if (operation.kind == TENON_DELETE && found != records_.end()) {
      ++revision_;
      records_.erase(found);
      changes_.push_back({operation.key, {}, 0, revision_, 0, TENON_RECORD_DELETED});
      result.number = 1;
    } else if (operation.kind == TENON_SCAN) {
      for (const auto& [key, record] : records_) {
        if (key.starts_with(operation.key)) result.records.push_back(record);
      }
      result.number = static_cast<std::int64_t>(result.records.size());
    } else if (operation.kind == TENON_ADMIN) {
      result.records.push_back({"status", "node_id 7\nrole leader\nkeys " + std::to_string(records_.size()) + "\n"});
    }
    return result;
  }

  std::map<std::string, ScriptedRecord> records_;
  std::vector<ScriptedRecord> changes_;  // in their order
  std::uint64_t revision_ = 0;
};

}  // namespace

int main() {
  Store store;
  RunningPlugin plugin([&](const ScriptedRequest& request) { return store.answer(request); });
  std::printf("%d\n", static_cast<int>(plugin.port()));
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  plugin.drain(std::chrono::seconds(5));
}
