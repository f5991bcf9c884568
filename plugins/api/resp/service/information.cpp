// SPDX-License-Identifier: MIT
#include "information.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "client.hpp"
#include "number.hpp"
#include "process_memory.hpp"
#include "server_identity.hpp"
#include "service.hpp"
#include "tenon/option.hpp"
#include "text.hpp"

namespace tenon::api_resp {

namespace {

std::string line(std::string_view name, std::string_view value) {
  return std::string(name) + ":" + std::string(value) + "\r\n";
}
std::string line(std::string_view name, std::uint64_t value) { return line(name, std::to_string(value)); }

// What the sections are made of.
struct Sources {
  Service& service;
  const StatusLines& status;

  bool leads() const { return status.text("role") == "leader"; }
  // A node that does whatever it is asked is a master to its clients, whoever leads.
  bool is_master() const { return leads() || service.settings().redirect == Redirect::kForward; }
};

std::string server_section(const Sources& sources) {
  utsname system{};
  ::uname(&system);
  const std::uint64_t uptime_s = sources.status.number("uptime_ms") / 1000;
  const bool is_cluster = sources.service.settings().redirect == Redirect::kMoved;
  return line("redis_version", kRedisVersion) + line("redis_mode", is_cluster ? "cluster" : "standalone") +
         line("os", std::string(system.sysname) + " " + system.release + " " + system.machine) +
         line("arch_bits", 8 * sizeof(void*)) + line("process_id", static_cast<std::uint64_t>(::getpid())) +
         line("run_id", sources.service.run_id()) + line("tcp_port", sources.service.identity().port) +
         line("uptime_in_seconds", uptime_s) + line("uptime_in_days", uptime_s / 86400) +
         line("tenon_version", sources.status.text("version"));
}

std::string clients_section(const Sources& sources) {
  std::uint64_t subscribed = 0;
  for (const auto& [id, client] : sources.service.clients())
    if (client->state().is_subscribed()) ++subscribed;
  return line("connected_clients", sources.service.clients().size()) +
         line("maxclients", sources.service.settings().connections_max) + line("blocked_clients", 0) +
         line("pubsub_clients", subscribed);
}

std::string memory_section(const Sources&) {
  const std::uint64_t resident = resident_bytes();
  return line("used_memory", resident) + line("used_memory_rss", resident) + line("maxmemory", 0) +
         line("maxmemory_policy", "noeviction");
}

std::string persistence_section(const Sources& sources) {
  return line("loading", 0) + line("async_loading", 0) + line("rdb_bgsave_in_progress", 0) +
         line("rdb_last_bgsave_status", "ok") + line("aof_enabled", 1) + line("aof_rewrite_in_progress", 0) +
         line("aof_last_write_status", sources.status.text("log_space") == "short" ? "err" : "ok");
}

std::string stats_section(const Sources& sources) {
  const Counters& counters = sources.service.counters();
  return line("total_connections_received", counters.connections) +
         line("total_commands_processed", counters.commands) + line("total_error_replies", counters.errors) +
         line("rejected_connections", 0) + line("expired_keys", 0) + line("evicted_keys", 0);
}

std::string replication_section(const Sources& sources) {
  const std::uint64_t revision = sources.status.number("revision");
  std::string text = line("role", sources.is_master() ? "master" : "slave");
  if (!sources.is_master()) {
    text +=
        line("master_link_status", sources.status.number("leader") != 0 ? "up" : "down") + line("slave_read_only", 1);
  }
  const std::uint64_t members = sources.status.number("members");
  return text + line("connected_slaves", sources.leads() && members > 0 ? members - 1 : 0) +
         line("master_repl_offset", revision);
}

std::string tenon_section(const Sources& sources) {
  std::string text;
  for (const char* name : {"cluster_id", "node_id", "role", "term", "leader", "members", "learners", "standing",
                           "commit_index", "applied_index", "revision"}) {
    text += line(std::string("tenon_") + name, sources.status.text(name));
  }
  return text;
}

std::string cluster_section(const Sources& sources) {
  return line("cluster_enabled", sources.service.settings().redirect == Redirect::kMoved ? 1 : 0);
}

std::string keyspace_section(const Sources& sources) {
  const std::uint64_t keys = sources.status.number("keys");
  if (keys == 0) return {};
  return line("db0", "keys=" + std::to_string(keys) + ",expires=0,avg_ttl=0");
}

struct Section {
  std::string_view title;
  std::string (*write)(const Sources&);
};
constexpr Section kSections[] = {
    {"Server", server_section},     {"Clients", clients_section},
    {"Memory", memory_section},     {"Persistence", persistence_section},
    {"Stats", stats_section},       {"Replication", replication_section},
    {"Tenon", tenon_section},       {"Cluster", cluster_section},
    {"Keyspace", keyspace_section},
};

// Asks the node how it is.
class StatusTask : public Task {
 public:
  explicit StatusTask(const Execution& execution) : Task(execution.service, execution.client) {}

  void begin() override { ask_for_status(); }

 protected:
  void ask_for_status() {
    tenon_operation status = operation(TENON_ADMIN, {});
    status.key = service().submissions().batch().keep("status");
    ask(service().request_of(status));
  }
  void advance(const tenon_completion& completion) override {
    tell(StatusLines(view(results(completion)[0].records[0].value)));
    end();
  }
  virtual void tell(const StatusLines& status) = 0;
};

class InformationTask final : public StatusTask {
 public:
  explicit InformationTask(const Execution& execution) : StatusTask(execution) {
    for (const std::string_view word : execution.arguments.subspan(1)) wanted_.push_back(lower(word));
  }

 private:
  bool wants(std::string_view title) const {
    const auto is_asked_for = [&](std::string_view name) {
      return std::find(wanted_.begin(), wanted_.end(), name) != wanted_.end();
    };
    return wanted_.empty() || is_asked_for("all") || is_asked_for("everything") || is_asked_for("default") ||
           is_asked_for(lower(title));
  }
  void tell(const StatusLines& status) override {
    std::string text;
    for (const Section& section : kSections) {
      if (!wants(section.title)) continue;
      if (!text.empty()) text += "\r\n";
      text += "# " + std::string(section.title) + "\r\n" + section.write({service(), status});
    }
    reply().verbatim(text);
  }

  std::vector<std::string> wanted_;
};

class RoleTask final : public StatusTask {
 public:
  using StatusTask::StatusTask;

 private:
  void tell(const StatusLines& status) override {
    ReplyWriter writer = reply();
    const auto revision = static_cast<std::int64_t>(status.number("revision"));
    if (Sources{service(), status}.is_master()) {
      writer.array(3);
      writer.bulk("master");
      writer.integer(revision);
      return writer.array(0);
    }
    writer.array(5);
    writer.bulk("slave");
    writer.bulk({});
    writer.integer(0);
    writer.bulk(status.number("leader") != 0 ? "connected" : "connect");
    writer.integer(revision);
  }
};

// A read that shows all that was acknowledged, so that the number which the node then says has it too.
class CountTask final : public StatusTask {
 public:
  using StatusTask::StatusTask;

  void begin() override {
    tenon_operation first = operation(TENON_SCAN, {});
    first.flags = TENON_SCAN_COUNT;
    first.limit = 1;
    ask(service().request_of(first));
  }

 private:
  void advance(const tenon_completion& completion) override {
    if (has_read_) return StatusTask::advance(completion);
    has_read_ = true;
    ask_for_status();
  }
  void tell(const StatusLines& status) override { reply().integer(static_cast<std::int64_t>(status.number("keys"))); }

  bool has_read_ = false;
};

// What is answered is in the logs of a majority; of those, all but one are what Redis calls replicas.
class WaitTask final : public StatusTask {
 public:
  using StatusTask::StatusTask;

 private:
  void tell(const StatusLines& status) override {
    const std::uint64_t members = status.number("members");
    reply().integer(static_cast<std::int64_t>((members - std::min(members, status.number("learners"))) / 2));
  }
};

}  // namespace

StatusLines::StatusLines(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view one = text.substr(0, end);
    const std::size_t space = std::min(one.find(' '), one.size());
    lines_.emplace(one.substr(0, space), one.substr(std::min(space + 1, one.size())));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::string StatusLines::text(std::string_view name) const {
  const auto found = lines_.find(name);
  return found == lines_.end() ? std::string() : found->second;
}

std::uint64_t StatusLines::number(std::string_view name) const {
  const std::optional<std::int64_t> value = tenon::parse_integer(text(name));
  return value && *value > 0 ? static_cast<std::uint64_t>(*value) : 0;
}

std::unique_ptr<Task> tell_information(const Execution& execution) {
  return std::make_unique<InformationTask>(execution);
}
std::unique_ptr<Task> tell_role(const Execution& execution) { return std::make_unique<RoleTask>(execution); }
std::unique_ptr<Task> wait_for_replicas(const Execution& execution) {
  const std::optional<std::int64_t> replicas = parse_integer(execution.arguments[1]);
  const std::optional<std::int64_t> timeout_ms = parse_integer(execution.arguments[2]);
  if (replicas && timeout_ms && *timeout_ms >= 0) return std::make_unique<WaitTask>(execution);
  if (!replicas) {
    execution.reply.error("ERR value is not an integer or out of range");
  } else {
    execution.reply.error(timeout_ms ? "ERR timeout is negative" : "ERR timeout is not an integer or out of range");
  }
  return nullptr;
}
std::unique_ptr<Task> count_keys(const Execution& execution) { return std::make_unique<CountTask>(execution); }

}  // namespace tenon::api_resp
