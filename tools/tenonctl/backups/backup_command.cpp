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
#include "backups/new_file.hpp"
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
    // Asked anew each time: an image that could not be taken is forgotten by the node.
    now = ask_patiently(invocation.timeout, [&] { return client.create_snapshot(); });
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
    progress.show("backup", offset, end);
  }
  if (!check.complete() || offset != end) {
    throw std::runtime_error("what came is not whole: " + check.missing() + "; try again");
  }
  return {*check.position(), offset};
}

}  // namespace

int take_backup(const Invocation& invocation, const Surroundings& surroundings, Format format) {
  const std::string& path = invocation.arguments.front();
  NewFile file(path);
  client::Client client = connect_up_to_date(invocation);
  wait_for_image(client, invocation);
  Written written;
  {
    ProgressBar progress(surroundings);
    written = write_image(client, invocation, file, progress);
  }
  file.commit();
  print_backup(surroundings.output, format,
               {path, written.position.cluster_id, written.position.index, written.position.term, written.bytes});
  return kExitOk;
}

}  // namespace tenon::tenonctl
