// SPDX-License-Identifier: MIT
#include "plugin_fixture.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <filesystem>
#include <fstream>
#include <system_error>

#include "tenon/option.hpp"

namespace tenon::api_resp {

namespace {

bool is_stream(const ScriptedRequest& request) {
  const std::uint32_t kind = request.operations.empty() ? 0 : request.operations[0].kind;
  return kind == TENON_WATCH || kind == TENON_SUBSCRIBE;
}

// What the kernel counts of each thread but this one: time on a processor, time of waiting for one, and turns. Returns
// whether all of them sleep.
bool describe_other_threads(std::string& text) {
  bool all_sleep = true;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    if (thread.path().filename() == std::to_string(::gettid())) continue;
    std::string line;
    std::getline(std::ifstream(thread.path() / "schedstat"), line);
    text += thread.path().filename().string() + " " + line + "\n";
    std::getline(std::ifstream(thread.path() / "stat"), line);
    const std::size_t name_end = line.rfind(") ");
    all_sleep = all_sleep && name_end != std::string::npos && line[name_end + 2] == 'S';
  }
  return all_sleep;
}

testing::ScriptedRecord record(const std::string& key, const SmallNode::Item& item, bool has_value) {
  testing::ScriptedRecord made;
  made.key = key;
  if (has_value) made.value = item.value;
  made.modified = item.modified;
  made.expires_at_ms = item.expires_at_ms;
  return made;
}

}  // namespace

bool SmallNode::holds(const testing::ScriptedCompare& compare) const {
  const auto found = items.find(compare.key);
  const bool exists = found != items.end();
  std::uint64_t number = exists ? 1 : 0;
  if (compare.what == TENON_COMPARE_MODIFIED) number = exists ? found->second.modified : 0;
  return (compare.relation == TENON_EQUAL) == (number == compare.number);
}

ScriptedResult SmallNode::scan(const ScriptedOperation& operation) const {
  ScriptedResult result;
  for (auto at = items.lower_bound(operation.key); at != items.end(); ++at) {
    if ((operation.flags & TENON_RANGE_ONE) != 0 && at->first != operation.key) break;
    if ((operation.flags & TENON_SCAN_COUNT) != 0) {
      ++result.number;
      continue;
    }
    if (operation.limit != 0 && result.records.size() == operation.limit) {
      result.cursor = "more";
      break;
    }
    result.records.push_back(record(at->first, at->second, (operation.flags & TENON_SCAN_KEYS) == 0));
  }
  return result;
}

ScriptedResult SmallNode::run(const ScriptedOperation& operation) {
  if (operation.kind == TENON_SCAN) return scan(operation);
  ScriptedResult result;
  const auto found = items.find(operation.key);
  const bool exists = found != items.end();
  const bool shows = operation.kind == TENON_GET || (operation.flags & TENON_WITH_PREVIOUS) != 0;
  if (exists && shows) result.records.push_back(record(found->first, found->second, true));
  Item& item = items[operation.key];
  const auto expiry = [&] {
    const bool is_absolute = (operation.flags & TENON_EXPIRY_ABSOLUTE) != 0;
    return operation.expiry_ms == 0 || is_absolute ? operation.expiry_ms : cluster_time_ms + operation.expiry_ms;
  };
  bool stays = true;
  switch (operation.kind) {
    case TENON_PUT:
      item.value = operation.value;
      if ((operation.flags & TENON_EXPIRY_KEEP) == 0) item.expires_at_ms = expiry();
      break;
    case TENON_APPEND:
      item.value += operation.value;
      result.number = static_cast<std::int64_t>(item.value.size());
      break;
    case TENON_INCREMENT: {
      const auto number = exists ? parse_integer(item.value) : 0;
      std::int64_t sum = 0;
      if (!number || __builtin_add_overflow(*number, operation.delta, &sum)) {
        result.error = TENON_ERROR_WRONG_TYPE;
        result.number = number.value_or(0);
        return result;
      }
      item.value = std::to_string(sum);
      result.number = sum;
      break;
    }
    case TENON_EXPIRE:
      stays = exists;
      result.number = exists ? 1 : 0;
      item.expires_at_ms = expiry();
      break;
    case TENON_PERSIST:
      stays = exists;
      result.number = item.expires_at_ms != 0 ? 1 : 0;
      item.expires_at_ms = 0;
      break;
    case TENON_DELETE:
      stays = false;
      result.number = exists ? 1 : 0;
      break;
    default:
      stays = exists;
      break;
  }
  if (!stays) {
    items.erase(operation.key);
  } else if (operation.kind != TENON_GET) {
    item.modified = revision + 1;
  }
  return result;
}

ScriptedCompletion SmallNode::answer(const ScriptedRequest& request) {
  ScriptedCompletion completion;
  completion.cluster_time_ms = cluster_time_ms;
  if (request.operations.size() == 1 && request.operations[0].kind == TENON_ADMIN) {
    const std::string text = "role leader\nleader 1\nmembers 3\nlearners 0\nkeys " + std::to_string(items.size()) +
                             "\nuptime_ms 5000\nrevision " + std::to_string(revision) + "\n";
    testing::ScriptedRecord status;
    status.key = request.operations[0].key;
    status.value = text;
    completion.results.push_back({TENON_OK, {status}, 0, {}});
    return completion;
  }
  bool all_hold = true;
  for (const testing::ScriptedCompare& compare : request.compares) all_hold = all_hold && holds(compare);
  if (!all_hold) completion.flags = TENON_COMPLETION_ELSE;
  for (const ScriptedOperation& operation : all_hold ? request.operations : request.otherwise) {
    completion.results.push_back(run(operation));
  }
  completion.revision = ++revision;
  return completion;
}

RunningPlugin::RunningPlugin(const Options& options)
    : RunningPlugin([small = std::make_shared<SmallNode>()](
                        const ScriptedRequest& request) { return std::optional(small->answer(request)); },
                    options) {}

Options all_options(const Options& changed) {
  Options all = {
      {"listen", "127.0.0.1:0"},
      {"reads", "linearizable"},
      {"redirect", "forward"},
      {"connections_max", "100"},
      {"connections_per_address_max", "100"},
      {"arguments_max", "1024"},
      {"bulk_bytes_max", "1MiB"},
      {"inline_bytes_max", "1KiB"},
      {"query_buffer_bytes_max", "2MiB"},
      {"output_bytes_max", "4MiB"},
      {"buffer_bytes_max", "64MiB"},
      {"pipelined_requests_max", "64"},
      {"transaction_commands_max", "16"},
      {"transaction_bytes_max", "64KiB"},
      {"watched_keys_max", "8"},
      {"subscriptions_max", "8"},
      {"scan_cursors_max", "16"},
      {"idle_timeout", "0s"},
      {"queue_depth", "1000"},
  };
  for (const auto& [name, value] : changed) all[name] = value;
  return all;
}

RunningPlugin::RunningPlugin(Answer answer, const Options& options)
    : node_(std::make_unique<testing::FakeClientHost>(
          [answer = std::move(answer)](const ScriptedRequest& request) -> std::optional<ScriptedCompletion> {
            return is_stream(request) ? std::nullopt : answer(request);
          })) {
  host_ = std::make_unique<testing::FakeHost>("/nonexistent", all_options(options), 7, "cluster-of-test");
  tenon_detail why{sizeof why, {}};
  validated_host_.emplace(subject_, *host_->table());
  if (tenon_static_plugin_api_resp.create(validated_host_->table(), &self_, &why) != TENON_OK) {
    throw std::runtime_error(std::string("create: ") + why.message);
  }
  validated_.emplace(subject_, *tenon_static_plugin_api_resp.client_api, self_);
  if (table().start(validated_->self(), node_->table(), &why) != TENON_OK) {
    tenon_static_plugin_api_resp.destroy(self_);
    throw std::runtime_error(std::string("start: ") + why.message);
  }
}

RunningPlugin::~RunningPlugin() {
  table().stop(validated_->self());
  tenon_static_plugin_api_resp.destroy(self_);
}

void RunningPlugin::drain(std::chrono::milliseconds timeout) {
  table().drain(validated_->self(), static_cast<std::uint64_t>(timeout.count()));
}

std::uint16_t RunningPlugin::port() const { return port_of(*host_); }

std::uint16_t port_of(const testing::FakeHost& host) {
  constexpr std::string_view prefix = "listening on 127.0.0.1:";
  for (const testing::LoggerLine& line : host.logger_lines()) {
    if (line.text.starts_with(prefix)) {
      return static_cast<std::uint16_t>(parse_integer(std::string_view(line.text).substr(prefix.size())).value());
    }
  }
  throw std::runtime_error("the plugin said no port");
}

std::vector<ScriptedRequest> RunningPlugin::wait_for_requests(std::size_t count) {
  std::size_t streams = 1;  // the subscription to every channel comes first of all
  while (true) {
    std::vector<ScriptedRequest> all = node_->wait_for_requests(count + streams);
    const std::size_t taken = all.size();
    std::erase_if(all, is_stream);
    if (all.size() >= count || taken < count + streams) return all;
    streams = taken - all.size();
  }
}

bool RunningPlugin::wait_for_metric(const std::string& name, double value) const {
  for (int tries = 0; tries < 5000; ++tries) {
    if (host_->metric(name) == value) return true;
    ::usleep(2000);
  }
  return false;
}

bool RunningPlugin::rests() {
  constexpr int kSamplesMax = 1000;
  constexpr int kQuietSamples = 10;
  constexpr useconds_t kSampleMicroseconds = 10'000;
  std::string before;
  for (int samples = 0, quiet = 0; samples < kSamplesMax && quiet < kQuietSamples; ++samples) {
    std::string now;
    const bool all_sleep = describe_other_threads(now);
    quiet = all_sleep && now == before ? quiet + 1 : 0;
    before = std::move(now);
    if (quiet == kQuietSamples) return true;
    ::usleep(kSampleMicroseconds);
  }
  return false;
}

RawClient::RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const timeval ten_seconds{10, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &ten_seconds, sizeof ten_seconds);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot connect to the plugin");
  }
}

RawClient::~RawClient() { ::close(socket_); }

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void RawClient::shutdown_output() { ::shutdown(socket_, SHUT_WR); }

std::string RawClient::receive(std::size_t size) {
  std::string all(size, '\0');
  all.resize(receive_some(all));
  return all;
}

bool RawClient::receive_into(std::string& room) { return receive_some(room) == room.size(); }

std::size_t RawClient::receive_some(std::string& room) {
  std::size_t got = 0;
  while (got < room.size()) {
    const ssize_t received = ::recv(socket_, room.data() + got, room.size() - got, 0);
    if (received <= 0) break;
    got += static_cast<std::size_t>(received);
  }
  return got;
}

std::string RawClient::ask(std::string_view line, std::string_view end) {
  send(std::string(line) + "\r\n");
  std::string all;
  while (!all.ends_with(end)) {
    const std::string one = receive(1);
    if (one.empty()) break;
    all += one;
  }
  return all;
}

bool RawClient::ended() {
  char bytes[4096];
  for (;;) {
    const ssize_t received = ::recv(socket_, bytes, sizeof bytes, 0);
    if (received == 0) return true;
    if (received < 0) return errno == ECONNRESET || errno == EPIPE;
    rest.append(bytes, static_cast<std::size_t>(received));
  }
}

bool answers(RawClient& client, std::string_view request, std::string_view expected) {
  return client.send(request) && client.receive(expected.size()) == expected;
}

std::string words(std::initializer_list<std::string_view> all) {
  std::string made = "*" + std::to_string(all.size()) + "\r\n";
  for (const std::string_view word : all) {
    made += "$" + std::to_string(word.size()) + "\r\n" + std::string(word) + "\r\n";
  }
  return made;
}

std::string get_alone(char key) { return words({"GET", std::string(kBundledKeyBytesMax + 1, key)}); }

}  // namespace tenon::api_resp
