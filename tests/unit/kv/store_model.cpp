// SPDX-License-Identifier: MIT
#include "store_model.hpp"

#include "tenon/client_api.h"

namespace tenon::kv {
namespace {

bool in_range(const Operation& operation, const std::string& key) {
  if ((operation.flags & TENON_RANGE_ONE) != 0) return key == operation.key;
  if ((operation.flags & TENON_RANGE_PREFIX) != 0) return key.starts_with(operation.key);
  return key >= operation.key && (operation.range_end.empty() || key < operation.range_end);
}

}  // namespace

bool StoreModel::holds(const Compare& compare) const {
  const auto found = items_.find(std::string(compare.key));
  const bool absent = found == items_.end();
  int order = 0;
  if (compare.what == TENON_COMPARE_VALUE) {
    if (absent) return compare.relation == TENON_NOT_EQUAL;
    order = std::string_view(found->second.value).compare(compare.value);
  } else {
    const Item item = absent ? Item() : found->second;
    const std::uint64_t numbers[] = {item.version, item.created, item.modified};
    const std::uint64_t number = numbers[compare.what - TENON_COMPARE_VERSION];
    order = number < compare.number ? -1 : (number > compare.number ? 1 : 0);
  }
  const bool results[] = {order == 0, order != 0, order<0, order> 0};
  return results[compare.relation - TENON_EQUAL];
}

Reply StoreModel::apply(const Command& command, std::uint64_t cluster_time_ms) {
  Reply reply;
  for (const Compare& compare : command.compares) reply.took_otherwise = reply.took_otherwise || !holds(compare);
  const auto before = items_;
  bool changed = false;
  for (const Operation& operation : reply.took_otherwise ? command.otherwise : command.operations) {
    reply.results.push_back(run(operation, revision_ + 1));
    changed =
        changed || operation.kind == TENON_PUT || (operation.kind == TENON_DELETE && reply.results.back().number == 1);
  }
  if (changed) ++revision_;
  reply.revision = revision_;
  reply.cluster_time_ms = cluster_time_ms;
  return reply;
}

Result StoreModel::run(const Operation& operation, std::uint64_t revision) {
  if (operation.kind == TENON_SCAN) return scan(operation);
  Result result;
  const std::string key(operation.key);
  const bool present = items_.contains(key);
  if (present && (operation.kind == TENON_GET || (operation.flags & TENON_WITH_PREVIOUS) != 0)) {
    const Item& item = items_[key];
    const std::uint32_t kind = operation.kind == TENON_GET ? TENON_RECORD_CURRENT : TENON_RECORD_PREVIOUS;
    result.records.push_back({kind, key, item.value, item.created, item.modified, item.version});
  }
  if (operation.kind == TENON_PUT) {
    const std::uint64_t created = present ? items_[key].created : revision;
    items_[key] = {std::string(operation.value), created, revision, items_[key].version + 1};
  } else if (operation.kind == TENON_DELETE) {
    result.number = static_cast<std::int64_t>(items_.erase(key));
  }
  return result;
}

Result StoreModel::scan(const Operation& operation) const {
  Result result;
  std::uint64_t size = 0;
  std::string last;
  for (const auto& [key, item] : items_) {
    if (!in_range(operation, key)) continue;
    if (!operation.cursor.empty() && std::string_view(key) <= operation.cursor.substr(1)) continue;
    Record record{TENON_RECORD_CURRENT, key, item.value, item.created, item.modified, item.version};
    if ((operation.flags & TENON_SCAN_KEYS) != 0) record.value.clear();
    const bool counts = (operation.flags & TENON_SCAN_COUNT) != 0;
    size += counts ? 0 : record.key.size() + record.value.size();
    const auto count = static_cast<std::uint64_t>(result.number);
    if (count == operation.limit || (count > 0 && size > operation.limit_bytes)) {
      result.cursor = '\1' + last;
      break;
    }
    ++result.number;
    last = key;
    if (!counts) result.records.push_back(record);
  }
  return result;
}

std::string text(const Reply& reply) {
  std::string all = "otherwise " + std::to_string(reply.took_otherwise) + " revision " +
                    std::to_string(reply.revision) + " time " + std::to_string(reply.cluster_time_ms);
  for (const Result& result : reply.results) {
    all += "\nresult " + std::to_string(result.error) + " number " + std::to_string(result.number) + " cursor '" +
           result.cursor + "'";
    for (const Record& record : result.records) {
      all += "\n  " + std::to_string(record.kind) + " '" + record.key + "' = '" + record.value + "' " +
             std::to_string(record.created) + " " + std::to_string(record.modified) + " " +
             std::to_string(record.version);
    }
  }
  return all;
}

}  // namespace tenon::kv
