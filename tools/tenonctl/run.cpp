// SPDX-License-Identifier: MIT
#include "tenonctl/run.hpp"

#include <exception>
#include <ostream>

#include "backups/backup_command.hpp"
#include "cluster_commands.hpp"
#include "key_commands.hpp"
#include "members/member_commands.hpp"
#include "plugins/plugin_commands.hpp"
#include "tenonctl/command_line.hpp"
#include "watch/watch_command.hpp"

namespace tenon::tenonctl {
namespace {

bool is_write(Command command) {
  return command <= Command::kSessionClose && command != Command::kGet && command != Command::kScan &&
         command != Command::kTtl;
}

std::string describe_refusal(const client::Refused& error, Command command) {
  std::string text = error.what();
  if (!error.leader_address.empty()) {
    text += "; the leader is at " + error.leader_address;
  } else if (error.leader_node) {
    text += "; the leader is node " + std::to_string(*error.leader_node);
  }
  if (error.overloaded) text += "; the node is at its bounds: try again later";
  return is_write(command) ? text + "; nothing was changed" : text;
}

int dispatch(const Invocation& invocation, const Surroundings& surroundings) {
  const Format usual = surroundings.device == OutputDevice::kTerminal ? Format::kTable : Format::kSimple;
  const Format format = invocation.format.value_or(usual);
  switch (invocation.command) {
    case Command::kStatus:
      return show_status(invocation, surroundings, format);
    case Command::kMembers:
    case Command::kMemberList:
      return show_members(invocation, surroundings, format);
    case Command::kMetrics:
      return show_metrics(invocation, surroundings, format);
    case Command::kLeaderShow:
      return show_leader(invocation, surroundings, format);
    case Command::kLeaderTransfer:
      return transfer_leader(invocation, surroundings, format);
    case Command::kSnapshotCreate:
      return create_snapshot(invocation, surroundings, format);
    case Command::kSnapshotList:
      return list_snapshots(invocation, surroundings, format);
    case Command::kBackup:
      return take_backup(invocation, surroundings, format);
    case Command::kCompact:
      return compact_logs(invocation, surroundings, format);
    case Command::kStateHash:
      return show_state_hash(invocation, surroundings, format);
    case Command::kMemberAdd:
    case Command::kMemberPromote:
    case Command::kMemberRemove:
    case Command::kMemberReplace:
      return change_members(invocation, surroundings, format);
    case Command::kWatch:
      return watch_keys(invocation, surroundings, format);
    case Command::kPluginList:
      return list_plugins(invocation, surroundings, format);
    case Command::kPluginInspect:
      return inspect_plugin(invocation, surroundings, format);
    case Command::kPluginDoctor:
      return examine_plugin(invocation, surroundings, format);
    case Command::kPluginNew:
      return make_plugin(invocation, surroundings, format);
    default:
      return run_key_command(invocation, surroundings, format);
  }
}

const char* unknown_advice(const Invocation& invocation) {
  if (invocation.command == Command::kLeaderTransfer) return "; leader show says whether another node leads now\n";
  if (invocation.command >= Command::kMemberAdd && invocation.command <= Command::kMemberReplace) {
    return "; member list says whether the change was made\n";
  }
  if (invocation.command == Command::kSnapshotCreate) return "; snapshot list says whether the image is being taken\n";
  if (invocation.sequence != 0) return "; repeat it with the same --session and --sequence, and it takes effect once\n";
  return "; it may have been applied or not: read the key before you repeat it\n";
}

int run_invocation(const Invocation& invocation, const Surroundings& surroundings) {
  try {
    return dispatch(invocation, surroundings);
  } catch (const client::NoConnection& error) {
    surroundings.messages << "tenonctl: " << error.what()
                          << "; is tenond running, and does --endpoints (or TENONCTL_ENDPOINTS) name its Thrift API?\n";
    return kExitNoConnection;
  } catch (const client::UnknownOutcome& error) {
    surroundings.messages << "tenonctl: " << error.what() << unknown_advice(invocation);
  } catch (const client::SessionExpired& error) {
    surroundings.messages << "tenonctl: " << error.what()
                          << "; nothing was done now, and an earlier try may have been applied or not; session open "
                             "begins another session\n";
  } catch (const client::ReplyForgotten& error) {
    surroundings.messages << "tenonctl: " << error.what() << "; nothing was done now\n";
  } catch (const client::Refused& error) {
    surroundings.messages << "tenonctl: " << describe_refusal(error, invocation.command) << "\n";
  }
  return kExitError;
}

}  // namespace

int run(std::span<const std::string> arguments, const Surroundings& surroundings) noexcept {
  try {
    const Invocation invocation = parse_command_line(arguments, surroundings.endpoints);
    int code = kExitOk;
    if (invocation.text.empty()) {
      code = run_invocation(invocation, surroundings);
    } else {
      surroundings.output << invocation.text;
    }
    surroundings.output.flush();
    if (surroundings.output) return code;
    surroundings.messages << "tenonctl: standard output cannot be written to; what was printed is incomplete\n";
  } catch (const UsageError& error) {
    surroundings.messages << "tenonctl: " << error.what() << "\n";
    return kExitUsage;
  } catch (const std::exception& error) {
    surroundings.messages << "tenonctl: " << error.what() << "\n";
  }
  return kExitError;
}

}  // namespace tenon::tenonctl
