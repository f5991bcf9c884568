// SPDX-License-Identifier: MIT
#include "supervisor.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "tenon/plugin.h"

namespace tenon::server {
namespace {

constexpr std::chrono::milliseconds kReportInterval(1000);

const char* level_word(config::LoggerLevel level) noexcept {
  switch (level) {
    case config::LoggerLevel::kDebug:
      return "debug";
    case config::LoggerLevel::kInfo:
      return "info";
    case config::LoggerLevel::kWarning:
      return "warning";
    default:
      return "error";
  }
}

bool takes_effect_at_once(const std::string& option) { return option == "logger.level" || option == "logger.levels"; }

}  // namespace

std::string levels_text(const config::LoggerLevels& levels) {
  std::string text = level_word(levels.general);
  for (const auto& [room, level] : levels.of_rooms) text += ", " + room + "=" + level_word(level);
  return text;
}

Supervisor::Supervisor(const config::Config& config, Server& server, ServerLogger& logger, Control& control,
                       const ServiceNotifier& notifier, ReadConfig read_config,
                       std::optional<std::chrono::microseconds> watchdog)
    : config_(config),
      server_(server),
      logger_(logger),
      control_(control),
      notifier_(notifier),
      read_config_(std::move(read_config)),
      watchdog_(watchdog),
      levels_(config.logger_levels) {}

std::optional<std::string> Supervisor::run() {
  told_status_ = server_.status_line();
  notifier_.ready(told_status_);
  auto interval = kReportInterval;
  // Two rounds of the node are looked for within the time that the manager grants.
  if (watchdog_) {
    interval = std::clamp(std::chrono::duration_cast<std::chrono::milliseconds>(*watchdog_ / 4),
                          std::chrono::milliseconds(1), interval);
  }
  while (true) {
    switch (control_.wait(interval)) {
      case Wake::stop:
        return std::nullopt;
      case Wake::failure:
        return control_.failure();
      case Wake::reload:
        reload();
        break;
      case Wake::time:
        break;
    }
    report();
  }
}

// The watchdog hears of the node's own thread, for this one lives even when that stands still: it is sent a nudge, and
// is alive when it has made a round since the last.
void Supervisor::report() {
  if (!notifier_.is_used()) return;
  std::string status = server_.status_line();
  if (status != told_status_) {
    notifier_.status(status);
    told_status_ = std::move(status);
  }
  if (!watchdog_) return;
  const std::uint64_t rounds = server_.node_rounds();
  if (rounds != rounds_seen_) notifier_.alive();
  rounds_seen_ = rounds;
  server_.nudge_node();
}

void Supervisor::reload() {
  notifier_.reloading();
  // First, and whatever the configuration says: whoever has renamed the file waits for it.
  if (const std::optional<std::string> fault = logger_.reopen()) {
    logger_.write(TENON_SEVERITY_ERROR, "server", *fault + "; the old file stays in use");
  }
  try {
    apply(read_config_());
  } catch (const std::exception& error) {
    logger_.write(TENON_SEVERITY_ERROR, "server",
                  std::string("the configuration was read again and is refused; nothing changes: ") + error.what());
  }
  notifier_.ready(told_status_);
}

// The line is written as long as the levels before or those after have a place for it.
void Supervisor::apply(const config::Config& now) {
  std::string line = "the configuration was read again; the level " + levels_text(levels_);
  line += now.logger_levels == levels_ ? " stays" : " becomes " + levels_text(now.logger_levels);
  std::string later;
  for (const std::string& option : config::changed_options(config_, now)) {
    if (!takes_effect_at_once(option)) later += (later.empty() ? "" : ", ") + option;
  }
  if (!later.empty()) line += "; changed, and without effect until a restart: " + later;
  const bool is_wanted_before = logger_.wants(TENON_SEVERITY_INFO, "server");
  if (is_wanted_before) logger_.write(TENON_SEVERITY_INFO, "server", line);
  levels_ = now.logger_levels;
  logger_.set_levels(levels_);
  if (!is_wanted_before) logger_.write(TENON_SEVERITY_INFO, "server", line);
}

}  // namespace tenon::server
