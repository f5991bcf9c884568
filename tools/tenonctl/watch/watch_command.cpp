// SPDX-License-Identifier: MIT
#include "watch/watch_command.hpp"

#include <algorithm>
#include <ostream>
#include <thread>

#include "cluster_commands.hpp"
#include "format.hpp"
#include "tenonctl/text.hpp"

namespace tenon::tenonctl {
namespace {

constexpr std::chrono::milliseconds kWait(10'000);      // for a change, of one request
constexpr std::chrono::milliseconds kPause(200);        // before what failed is tried again
constexpr std::chrono::milliseconds kPatience(60'000);  // with nodes that do not answer

class Watch {
 public:
  Watch(const Invocation& invocation, const Surroundings& surroundings, Format format)
      : invocation_(invocation),
        surroundings_(surroundings),
        format_(format),
        client_(client_options(invocation, invocation.endpoints)) {
    request_.range = *invocation.range;
    request_.from_revision = invocation.from_revision;
    request_.previous = invocation.previous;
  }

  int run() {
    try {
      // Without a wait, so that it is known where to begin before anything can be lost.
      client::WatchResult result = client_.watch(request_);
      request_.wait = kWait;
      while (print(result)) result = next();
      return surroundings_.output ? kExitOk : kExitError;
    } catch (const client::Refused& refused) {
      if (refused.code != client::ErrorCode::kCompacted) throw;
      return fell_behind(refused);
    }
  }

 private:
  using Clock = std::chrono::steady_clock;

  // False: that was all that is wanted.
  bool print(const client::WatchResult& result) {
    for (const client::Change& change : result.changes) {
      print(change);
      if (++printed_ == invocation_.change_limit) return false;
    }
    surroundings_.output.flush();
    request_.from_revision = result.next_revision;
    return surroundings_.output.good();
  }

  // Asks the nodes until one of them answers.
  client::WatchResult next() {
    std::optional<Clock::time_point> failing_since;
    while (true) {
      try {
        return client_.watch(request_);
      } catch (const client::NoConnection&) {
        if (!is_patient(failing_since)) throw;
      } catch (const client::Refused& refused) {
        if (refused.code == client::ErrorCode::kCompacted) return next_elsewhere(refused);
        const bool is_temporary = refused.overloaded || refused.code == client::ErrorCode::kTimeout ||
                                  refused.code == client::ErrorCode::kClosed ||
                                  refused.code == client::ErrorCode::kNotLeader;
        if (!is_temporary || !is_patient(failing_since)) throw;
      }
      std::this_thread::sleep_for(kPause);
    }
  }

  // A node that has been started anew, or was sent an image, keeps less than the others. Throws `refused` when none of
  // them has what comes next.
  client::WatchResult next_elsewhere(const client::Refused& refused) {
    client::WatchRequest request = request_;
    request.wait = std::chrono::milliseconds(0);
    for (const client::Endpoint& endpoint : invocation_.endpoints) {
      try {
        client::Client one(client_options(invocation_, {endpoint}));
        client::WatchResult result = one.watch(request);
        if (result.next_revision > request.from_revision) return result;
      } catch (const client::NoConnection&) {
        continue;
      } catch (const client::Refused&) {
        continue;
      }
    }
    throw refused;
  }

  static bool is_patient(std::optional<Clock::time_point>& failing_since) {
    if (!failing_since) failing_since = Clock::now();
    return Clock::now() - *failing_since < kPatience;
  }

  int fell_behind(const client::Refused& refused) {
    surroundings_.messages << "tenonctl: " << refused.what() << "; the changes from revision " << request_.from_revision
                           << " on were not seen";
    if (refused.oldest_revision) {
      surroundings_.messages << ", that node keeps those from " << *refused.oldest_revision << " on";
    }
    surroundings_.messages << "\n";
    return kExitError;
  }

  void print(const client::Change& change) {
    const bool wants_previous = invocation_.previous == client::Previous::kWanted;
    const client::Record& record = change.record;
    const std::string name = name_of(change.kind);
    const bool is_there = change.kind == client::Change::Kind::kPut;
    if (format_ == Format::kJson) {
      constexpr auto kContent = client::ScanContent::kKeysAndValues;
      surroundings_.output << "{\"change\":\"" << name
                           << "\",\"record\":" << json_record(record, is_there ? kContent : client::ScanContent::kKeys);
      if (wants_previous) {
        surroundings_.output << ",\"previous\":"
                             << (change.previous ? json_record(*change.previous, kContent) : "null");
      }
      surroundings_.output << "}\n";
      return;
    }
    surroundings_.output << record.mod_revision << "\t" << name << "\t" << escaped(record.key) << "\t"
                         << escaped(record.value);
    if (wants_previous && change.previous) surroundings_.output << "\t" << escaped(change.previous->value);
    surroundings_.output << "\n";
  }

  static std::string name_of(client::Change::Kind kind) {
    if (kind == client::Change::Kind::kErased) return "del";
    return kind == client::Change::Kind::kExpired ? "expired" : "put";
  }

  const Invocation& invocation_;
  const Surroundings& surroundings_;
  const Format format_;
  client::Client client_;
  client::WatchRequest request_;
  std::uint64_t printed_ = 0;
};

}  // namespace

int watch_keys(const Invocation& invocation, const Surroundings& surroundings, Format format) {
  Watch watch(invocation, surroundings, format);
  return watch.run();
}

}  // namespace tenon::tenonctl
