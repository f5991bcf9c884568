// SPDX-License-Identifier: MIT
#include <algorithm>
#include <initializer_list>
#include <ostream>
#include <string_view>

#include "format.hpp"
#include "rows.hpp"
#include "tenonctl/text.hpp"

namespace tenon::tenonctl {
namespace {

std::string number_text(const std::optional<std::uint64_t>& number) { return number ? std::to_string(*number) : "-"; }

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ",") + text;
  return all.empty() ? "-" : all;
}

std::vector<Field> status_fields(const client::Status& status) {
  std::vector<Field> fields{{"endpoint", json_text(status.endpoint)}};
  const auto add = [&](const char* name, const std::optional<std::string>& text) {
    if (text) fields.push_back({name, json_text(*text)});
  };
  const auto add_number = [&](const char* name, const std::optional<std::uint64_t>& number) {
    if (number) fields.push_back({name, json_text(std::to_string(*number))});
  };
  add_number("node_id", status.node_id);
  add("cluster_id", status.cluster_id);
  add("role", status.role);
  add_number("term", status.term);
  add_number("leader", status.leader);
  add_number("commit_index", status.commit_index);
  add_number("applied_index", status.applied_index);
  add_number("revision", status.revision);
  add_number("keys", status.keys);
  add_number("uptime_ms", status.uptime_ms);
  add("version", status.version);
  for (const auto& other : status.other) {
    const auto has_name = [&](const Field& field) { return field.name == other.first; };
    if (std::none_of(fields.begin(), fields.end(), has_name)) fields.push_back({other.first, json_text(other.second)});
  }
  return fields;
}

Row status_row(const EndpointStatus& one) {
  if (!one.status) return {one.endpoint, "-", "unreachable", "-", "-", "-", "-", "-", "-", "-"};
  const client::Status& status = *one.status;
  const bool has_leader = status.leader && *status.leader != 0;
  return {one.endpoint,
          number_text(status.node_id),
          status.role.value_or("-"),
          number_text(status.term),
          has_leader ? number_text(status.leader) : "-",
          number_text(status.commit_index),
          number_text(status.applied_index),
          number_text(status.revision),
          number_text(status.keys),
          status.version.value_or("-")};
}

// A learner with what it is to become.
std::string standing_text(const client::Member& member) {
  const std::string standing = member.standing.value_or("-");
  if (!member.aim || *member.aim == standing) return standing;
  return standing + ">" + *member.aim;
}

std::vector<Field> member_fields(const client::Member& member) {
  std::vector<Field> fields{{"node_id", json_text(std::to_string(member.node_id))},
                            {"is_leader", member.is_leader ? "true" : "false"},
                            {"addresses", json_array(member.addresses)},
                            {"client_addresses", json_array(member.client_addresses)}};
  const auto add = [&](const char* name, const std::optional<std::string>& text) {
    if (text) fields.push_back({name, json_text(*text)});
  };
  const auto add_number = [&](const char* name, const std::optional<std::uint64_t>& number) {
    if (number) fields.push_back({name, json_text(std::to_string(*number))});
  };
  add("incarnation", member.incarnation);
  add("control_transport", member.control_transport);
  add("bulk_transport", member.bulk_transport);
  add_number("match_index", member.match_index);
  add_number("next_index", member.next_index);
  add("progress", member.progress);
  add("standing", member.standing);
  add("aim", member.aim);
  add_number("missing_bytes", member.missing_bytes);
  return fields;
}

Field number_field(const char* name, std::uint64_t number) { return {name, json_text(std::to_string(number))}; }

std::vector<Field> silence_fields(const std::string& endpoint, const std::string& error) {
  return {{"endpoint", json_text(endpoint)}, {"error", json_text(error)}};
}

void print_nodes(std::ostream& output, const std::vector<std::vector<Field>>& nodes) {
  std::string all;
  for (const std::vector<Field>& fields : nodes) all += (all.empty() ? "\n" : ",\n") + json_object(fields);
  output << "{\"nodes\":[" << all << "]}\n";
}

const char* yes_or_no(bool truth) noexcept { return truth ? "yes" : "no"; }
const char* json_boolean(bool truth) noexcept { return truth ? "true" : "false"; }

}  // namespace

void print_status(std::ostream& output, Format format, const std::vector<EndpointStatus>& endpoints) {
  if (format != Format::kJson) {
    std::vector<Row> rows;
    rows.reserve(endpoints.size());
    for (const EndpointStatus& one : endpoints) rows.push_back(status_row(one));
    const Row headings{"ENDPOINT", "NODE",    "ROLE",     "TERM", "LEADER",
                       "COMMIT",   "APPLIED", "REVISION", "KEYS", "VERSION"};
    return print_rows(output, format, headings, rows);
  }
  std::vector<std::vector<Field>> nodes;
  nodes.reserve(endpoints.size());
  for (const EndpointStatus& one : endpoints) {
    nodes.push_back(one.status ? status_fields(*one.status) : silence_fields(one.endpoint, one.error));
  }
  print_nodes(output, nodes);
}

void print_snapshots(std::ostream& output, Format format, const std::vector<EndpointSnapshot>& endpoints) {
  std::vector<Row> rows;
  std::vector<std::vector<Field>> nodes;
  for (const auto& [endpoint, snapshot, error] : endpoints) {
    if (!snapshot) {
      rows.push_back({endpoint, "-", "-", "-", "-"});
      nodes.push_back(silence_fields(endpoint, error));
      continue;
    }
    rows.push_back({endpoint, std::to_string(snapshot->index), std::to_string(snapshot->bytes),
                    yes_or_no(snapshot->being_taken), yes_or_no(snapshot->being_received)});
    nodes.push_back({{"endpoint", json_text(endpoint)},
                     number_field("index", snapshot->index),
                     number_field("bytes", snapshot->bytes),
                     {"being_taken", json_boolean(snapshot->being_taken)},
                     {"being_received", json_boolean(snapshot->being_received)},
                     number_field("applied_index", snapshot->applied_index)});
  }
  if (format == Format::kJson) return print_nodes(output, nodes);
  print_rows(output, format, {"ENDPOINT", "INDEX", "BYTES", "TAKING", "RECEIVING"}, rows);
}

void print_compactions(std::ostream& output, Format format, const std::vector<EndpointCompaction>& endpoints) {
  std::vector<Row> rows;
  std::vector<std::vector<Field>> nodes;
  for (const auto& [endpoint, compaction, error] : endpoints) {
    if (!compaction) {
      rows.push_back({endpoint, "-", "-", "-", "-"});
      nodes.push_back(silence_fields(endpoint, error));
      continue;
    }
    const auto& [before, after] = *compaction;
    rows.push_back({endpoint, std::to_string(before.first_index), std::to_string(after.first_index),
                    std::to_string(before.bytes), std::to_string(after.bytes)});
    nodes.push_back({{"endpoint", json_text(endpoint)},
                     number_field("first_index_before", before.first_index),
                     number_field("first_index", after.first_index),
                     number_field("log_bytes_before", before.bytes),
                     number_field("log_bytes", after.bytes)});
  }
  if (format == Format::kJson) return print_nodes(output, nodes);
  print_rows(output, format, {"ENDPOINT", "FIRST_BEFORE", "FIRST", "BYTES_BEFORE", "BYTES"}, rows);
}

void print_state_hashes(std::ostream& output, Format format, const std::vector<EndpointStateHash>& endpoints) {
  std::vector<Row> rows;
  std::vector<std::vector<Field>> nodes;
  for (const auto& [endpoint, state, error] : endpoints) {
    if (!state) {
      rows.push_back({endpoint, "-", "-", "-"});
      nodes.push_back(silence_fields(endpoint, error));
      continue;
    }
    rows.push_back({endpoint, std::to_string(state->applied_index), std::to_string(state->revision), state->hash});
    nodes.push_back({{"endpoint", json_text(endpoint)},
                     number_field("applied_index", state->applied_index),
                     number_field("revision", state->revision),
                     {"state_hash", json_text(state->hash)}});
  }
  if (format == Format::kJson) return print_nodes(output, nodes);
  print_rows(output, format, {"ENDPOINT", "APPLIED", "REVISION", "HASH"}, rows);
}

void print_members(std::ostream& output, Format format, const std::vector<client::Member>& members) {
  if (format == Format::kJson) {
    std::string all;
    for (const client::Member& member : members) {
      all += (all.empty() ? "\n" : ",\n") + json_object(member_fields(member));
    }
    output << "{\"members\":[" << all << "]}\n";
    return;
  }
  std::vector<Row> rows;
  rows.reserve(members.size());
  for (const client::Member& member : members) {
    rows.push_back({std::to_string(member.node_id), member.is_leader ? "leader" : "-", joined(member.addresses),
                    joined(member.client_addresses), member.control_transport.value_or("-"),
                    member.bulk_transport.value_or("-"), number_text(member.match_index), member.progress.value_or("-"),
                    standing_text(member), number_text(member.missing_bytes)});
  }
  const Row headings{"NODE", "ROLE",  "ADDRESSES", "CLIENTS",  "CONTROL",
                     "BULK", "MATCH", "PROGRESS",  "STANDING", "MISSING"};
  print_rows(output, format, headings, rows);
}

void print_metrics(std::ostream& output, Format format, const std::vector<EndpointMetrics>& endpoints) {
  if (format != Format::kJson) {
    for (const EndpointMetrics& one : endpoints) {
      if (endpoints.size() > 1) output << "# node at " << one.endpoint << "\n";
      output << one.text;
    }
    return;
  }
  output << "{\"nodes\":[";
  for (std::size_t at = 0; at < endpoints.size(); ++at) {
    output << (at == 0 ? "\n" : ",\n") << "{\"endpoint\":" << json_text(endpoints[at].endpoint)
           << ",\"metrics\":" << json_text(endpoints[at].text) << "}";
  }
  output << "]}\n";
}

void print_backup(std::ostream& output, Format format, const BackupFile& backup) {
  if (format != Format::kJson) {
    return print_rows(output, format, {"FILE", "CLUSTER", "INDEX", "TERM", "BYTES"},
                      {{backup.file, backup.cluster_id, std::to_string(backup.index), std::to_string(backup.term),
                        std::to_string(backup.bytes)}});
  }
  output << json_object({{"file", json_text(backup.file)},
                         {"cluster_id", json_text(backup.cluster_id)},
                         number_field("index", backup.index),
                         number_field("term", backup.term),
                         number_field("bytes", backup.bytes)})
         << "\n";
}

void print_leader(std::ostream& output, Format format, const client::Leadership& leadership) {
  const std::string leader = std::to_string(leadership.leader);
  const std::string term = std::to_string(leadership.term);
  switch (format) {
    case Format::kTable:
      return print_rows(output, format, {"LEADER", "TERM", "CLIENTS"},
                        {{leader, term, joined(leadership.client_addresses)}});
    case Format::kJson:
      output << json_object({{"leader", json_text(leader)},
                             {"term", json_text(term)},
                             {"client_addresses", json_array(leadership.client_addresses)}})
             << "\n";
      return;
    case Format::kSimple:
      output << leader << "\n";
      return;
  }
}

}  // namespace tenon::tenonctl
