// SPDX-License-Identifier: MIT
#include "backups/backup_command.hpp"

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "backup/image_check.hpp"
#include "backup/log_file.hpp"
#include "backups/new_file.hpp"
#include "backups/previous_backup.hpp"
#include "backups/progress_bar.hpp"
#include "cluster_commands.hpp"
#include "format.hpp"

namespace tenon::tenonctl {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPollInterval{50};

// Asks until there is an answer, as long as what stands in the way may pass: a lost connection, a node that starts
// anew or is at its bounds.
template <class Ask>
auto ask_patiently(std::chrono::milliseconds patience, Ask ask) {
  const Clock::time_point deadline = Clock::now() + patience;
  while (true) {
    try {
      return ask();
    } catch (const client::NoConnection&) {
      if (Clock::now() >= deadline) throw;
    } catch (const client::Refused& error) {
      if ((!error.overloaded && error.code != client::ErrorCode::kClosed) || Clock::now() >= deadline) throw;
    }
    std::this_thread::sleep_for(kPollInterval);
  }
}

// A client of the first endpoint that answers a read which sees all that was acknowledged before: what it has applied
// then is what the backup has to have.
client::Client connect_up_to_date(const Invocation& invocation) {
  std::string errors;
  for (const client::Endpoint& endpoint : invocation.endpoints) {
    client::Client client(client_options(invocation, {endpoint}));
    try {
      client.get(std::string_view("\0", 1));
      return client;
    } catch (const client::Error& error) {
      errors += (errors.empty() ? "" : "; ") + std::string(error.what());
    }
  }
  throw client::NoConnection(errors);
}

// Returns when the node has stored an image with all that it has applied by now.
void wait_for_image(client::Client& client, const Invocation& invocation) {
  Clock::time_point deadline = Clock::now() + invocation.timeout;
  client::Snapshot now = client.create_snapshot();
  const std::uint64_t wanted = now.applied_index;
  while (now.index < wanted) {
    if (now.being_taken) deadline = Clock::now() + invocation.timeout;
    if (Clock::now() >= deadline) {
      throw std::runtime_error(
          "the node has not taken an image within the time of --timeout: its newest ends at index " +
          std::to_string(now.index) + ", expected " + std::to_string(wanted) + " or more; its own messages say why");
    }
    std::this_thread::sleep_for(kPollInterval);
    // An image that could not be taken is forgotten by the node, and is asked for anew.
    const bool is_forgotten = !now.being_taken;
    now =
        ask_patiently(invocation.timeout, [&] { return is_forgotten ? client.create_snapshot() : client.snapshot(); });
  }
}

struct Written {
  backup::Position position;
  std::uint64_t bytes = 0;
};

Written write_image(client::Client& client, const Invocation& invocation, NewFile& file, ProgressBar& progress) {
  backup::ImageCheck check;
  std::string id;
  std::uint64_t offset = 0;
  std::uint64_t end = 1;
  while (offset < end) {
    const client::SnapshotPart part =
        ask_patiently(invocation.timeout, [&] { return client.read_snapshot(id, offset); });
    if (part.offset != offset || part.bytes.empty() || (!id.empty() && (part.id != id || part.snapshot_bytes != end))) {
      throw std::runtime_error("the node answered with another part of an image than was asked for");
    }
    if (!check.feed(part.bytes)) throw std::runtime_error("what came is damaged: " + check.error() + "; try again");
    file.write(part.bytes);
    id = part.id;
    end = part.snapshot_bytes;
    offset += part.bytes.size();
    progress.show(ProgressBar::Unit::kBytes, offset, end);
  }
  if (!check.complete() || offset != end) {
    throw std::runtime_error("what came is not whole: " + check.missing() + "; try again");
  }
  return {*check.position(), offset};
}

// Up to what is committed when the first part is read.
Written write_log(client::Client& client, const Invocation& invocation, const backup::Position& previous, NewFile& file,
                  ProgressBar& progress) {
  backup::LogFileCheck check;
  std::uint64_t bytes = 0;
  const auto add = [&](std::string_view records) {
    if (!check.feed(records, [](const backup::LogFileEntry&) { return true; })) {
      throw std::runtime_error("what came is damaged: " + check.error() + "; try again");
    }
    file.write(records);
    bytes += records.size();
  };
  const auto read = [&](std::uint64_t index, std::uint64_t term, std::uint64_t last) {
    return ask_patiently(invocation.timeout, [&] { return client.read_log(previous.cluster_id, index, term, last); });
  };
  client::LogPart part = read(previous.index, previous.term, 0);
  const std::uint64_t last = part.commit_index;
  add(backup::encode_header({previous.cluster_id, previous.index, previous.term, last, part.commit_term}));
  if (!part.records.empty()) add(part.records);
  while (check.index() < last) {
    part = read(check.index(), check.term(), last);
    if (part.records.empty()) throw std::runtime_error("the node answered without the entries that it has; try again");
    add(part.records);
    progress.show(ProgressBar::Unit::kEntries, check.index() - previous.index, last - previous.index);
  }
  const backup::Position position{previous.cluster_id, check.index(), check.term()};
  add(check.make_footer());
  if (!check.complete()) throw std::runtime_error("what came is not whole: " + check.missing() + "; try again");
  return {position, bytes};
}

Written write_backup(const Invocation& invocation, const Surroundings& surroundings, NewFile& file) {
  if (!invocation.since) {
    client::Client client = connect_up_to_date(invocation);
    wait_for_image(client, invocation);
    ProgressBar progress(surroundings);
    return write_image(client, invocation, file, progress);
  }
  const backup::Position previous = read_previous(*invocation.since);
  client::Client client = connect_up_to_date(invocation);
  ProgressBar progress(surroundings);
  return write_log(client, invocation, previous, file, progress);
}

}  // namespace

int take_backup(const Invocation& invocation, const Surroundings& surroundings, Format format) {
  const std::string& path = invocation.arguments.front();
  NewFile file(path);
  const Written written = write_backup(invocation, surroundings, file);
  file.commit();
  print_backup(surroundings.output, format,
               {path, written.position.cluster_id, written.position.index, written.position.term, written.bytes});
  return kExitOk;
}

}  // namespace tenon::tenonctl
