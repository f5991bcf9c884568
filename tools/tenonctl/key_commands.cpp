// SPDX-License-Identifier: MIT
#include "key_commands.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <istream>
#include <ostream>
#include <stdexcept>
#include <system_error>

#include "cluster_commands.hpp"
#include "format.hpp"
#include "session_names.hpp"
#include "tenon/operation.hpp"
#include "tenonctl/text.hpp"
#include "tenonctl/transaction_text.hpp"

namespace tenon::tenonctl {
namespace {

// More than any node takes; what is longer is not read to its end.
constexpr std::size_t kInputBytesMax = 16u << 20;
// Later replies of a session that are kept beside the lowest.
constexpr std::uint64_t kSequencesKept = 63;
constexpr std::chrono::milliseconds kSessionLife = std::chrono::hours(1);

std::string read_all(std::istream& input, const std::string& name) {
  std::string bytes(kInputBytesMax + 1, '\0');
  input.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (input.bad()) throw std::runtime_error(name + ": it cannot be read");
  bytes.resize(static_cast<std::size_t>(input.gcount()));
  if (bytes.size() > kInputBytesMax) {
    throw std::runtime_error(name + ": found more than 16MiB, which no node takes in one request");
  }
  return bytes;
}

class KeyCommands {
 public:
  KeyCommands(const Invocation& invocation, const Surroundings& surroundings, Format format)
      : invocation_(invocation),
        surroundings_(surroundings),
        format_(format),
        client_(client_options(invocation, invocation.endpoints)),
        names_(surroundings.state_directory) {}

  int put() {
    const std::string value = text_argument(1);
    client::PutOptions options{expiry(), write_options()};
    if (invocation_.keeps_ttl) options.expiry.kind = client::Expiry::Kind::kAsBefore;
    const client::PutResult result = client_.put(argument(0), value, options);
    return print({"put", "", "", result.revision, invocation_.previous, result.previous});
  }

  int get() {
    if (invocation_.arguments.size() > 1) return get_many();
    const client::GetResult result = client_.get(argument(0), invocation_.read);
    if (result.record) {
      print_get(output(), format_, surroundings_.device, result);
      return kExitOk;
    }
    if (format_ == Format::kJson) print_write(output(), format_, "", "\"record\":null,", result.revision);
    return not_found(argument(0));
  }

  int del() {
    if (invocation_.range) return del_range();
    const client::EraseResult result = client_.erase(argument(0), write_options());
    if (result.erased || format_ == Format::kJson) {
      print({"removed", "", result.erased ? "\"removed\":true," : "\"removed\":false,", result.revision,
             invocation_.previous, result.previous});
    }
    return result.erased ? kExitOk : not_found(argument(0));
  }

  int append() {
    const client::AppendResult result = client_.append(argument(0), text_argument(1), write_options());
    const std::string length = std::to_string(result.length);
    return print({"appended, the value has " + length + " bytes", length, "\"length\":\"" + length + "\",",
                  result.revision, invocation_.previous, result.previous});
  }

  int increment() {
    const client::IncrementResult result = client_.increment(argument(0), invocation_.delta, write_options());
    const std::string sum = std::to_string(result.number);
    return print({sum, sum, "\"number\":\"" + sum + "\",", result.revision, invocation_.previous, result.previous});
  }

  int expire() {
    return change(client_.expire(argument(0), expiry(), write_options()), "expires", "there is no key '");
  }
  int persist() {
    return change(client_.persist(argument(0), write_options()), "persists", "there is no expiry of a key '");
  }

  int ttl() {
    const client::GetResult result = client_.get(argument(0), invocation_.read);
    if (!result.record) return not_found(argument(0));
    std::optional<std::uint64_t> left;
    if (const std::optional<std::uint64_t> end = result.record->expires_at_ms) {
      left = *end - std::min(*end, result.cluster_time_ms);
    }
    const std::string text = left ? std::to_string(*left) : std::string("never");
    return print({left ? "expires in " + text + "ms" : "never expires", text,
                  "\"ttl_ms\":" + (left ? "\"" + text + "\"" : std::string("null")) + ",", result.revision,
                  client::Previous::kUnwanted, std::nullopt});
  }

  int scan() {
    client::ScanRequest request = invocation_.scan;
    if (request.content == client::ScanContent::kCount) return count(request);
    ScanPrinter printer(output(), format_, request.content);
    std::uint64_t left = invocation_.scan_limit;
    std::string last_key;
    while (true) {
      request.limit = left;
      const client::ScanResult result = page(request, last_key);
      printer.page(result.records);
      if (!result.records.empty()) last_key = result.records.back().key;
      const bool at_limit = invocation_.scan_limit != 0 && result.records.size() >= left;
      if (result.cursor.empty() || at_limit || !output()) {
        printer.end(result.revision, result.cursor);
        if (!result.cursor.empty()) {
          surroundings_.messages << "tenonctl: there is more; go on with --cursor " << to_base64(result.cursor) << "\n";
        }
        return kExitOk;
      }
      if (left != 0) left -= result.records.size();
      request.cursor = result.cursor;
    }
  }

  int compare_and_swap() {
    const bool by_value = invocation_.expectation == Expectation::kValue;
    std::optional<std::string> expected;
    if (by_value) expected = text_argument(1);
    const std::string value = text_argument(by_value ? 2 : 1);
    const client::SwapResult result = client_.compare_and_swap(argument(0), expected, value, in_session());
    if (result.swapped) {
      print_write(output(), format_, "swapped", "\"swapped\":true,", result.revision);
      return kExitOk;
    }
    if (format_ == Format::kJson) {
      const std::string current =
          result.current ? json_record(*result.current, client::ScanContent::kKeysAndValues) : "null";
      print_write(output(), format_, "", "\"swapped\":false,\"current\":" + current + ",", result.revision);
    }
    if (!result.current) return not_found(argument(0));
    surroundings_.messages << "tenonctl: the value of '" << escaped(argument(0))
                           << (by_value ? "' is another than expected" : "' is set already")
                           << "; nothing was changed\n";
    return kExitCondition;
  }

  int transaction() {
    const bool from_input = invocation_.arguments.empty() || argument(0) == "-";
    client::Transaction wanted =
        parse_transaction(from_input ? read_all(surroundings_.input, "standard input") : text_argument(0));
    wanted.in_session = in_session();
    const client::TransactionResult result = client_.transaction(wanted);
    print_transaction(output(), format_, result);
    if (result.succeeded) return kExitOk;
    surroundings_.messages << "tenonctl: a condition did not hold"
                           << (wanted.otherwise.empty() ? "; nothing was changed\n" : "; the operations of else ran\n");
    return kExitCondition;
  }

  int open_session() {
    const std::string name = invocation_.arguments.empty() ? std::string() : argument(0);
    std::optional<std::uint64_t> session;
    if (!name.empty()) session = names_.find(name);
    if (session && !is_open(*session)) session.reset();
    if (!session) {
      session = client_.open_session(invocation_.ttl.value_or(kSessionLife));
      if (!name.empty()) names_.keep(name, *session);
    }
    return print_session("open", *session);
  }

  int keep_session_alive() {
    const std::uint64_t session = session_of(argument(0));
    client_.keep_session_alive(session);
    return print_session("alive", session);
  }

  int close_session() {
    const std::uint64_t session = session_of(argument(0));
    client_.close_session(session);
    names_.forget(argument(0));
    return print_session("closed", session);
  }

 private:
  std::ostream& output() { return surroundings_.output; }
  const std::string& argument(std::size_t at) const { return invocation_.arguments[at]; }

  // An argument that may stand in a file or on standard input.
  std::string text_argument(std::size_t at) {
    const std::string& text = argument(at);
    if (text == "-") return read_all(surroundings_.input, "standard input");
    if (!text.starts_with('@')) return text;
    const std::string path = text.substr(1);
    std::ifstream file(path, std::ios::binary);
    if (!file)
      throw std::runtime_error(path + ": the file cannot be opened: " + std::generic_category().message(errno));
    return read_all(file, path);
  }

  client::Expiry expiry() const {
    if (!invocation_.ttl) return {};
    return {client::Expiry::Kind::kAfter, static_cast<std::uint64_t>(invocation_.ttl->count())};
  }

  std::uint64_t session_of(const std::string& text) const {
    if (const std::optional<std::uint64_t> session = names_.find(text)) return *session;
    throw std::runtime_error("there is no session '" + text + "' here; session open " + text + " opens it");
  }

  std::optional<client::InSession> in_session() const {
    if (invocation_.sequence == 0) return std::nullopt;
    const std::uint64_t sequence = invocation_.sequence;
    return client::InSession{session_of(invocation_.session), sequence,
                             sequence > kSequencesKept ? sequence - kSequencesKept : 1};
  }
  client::WriteOptions write_options() const { return {invocation_.previous, in_session()}; }

  bool is_open(std::uint64_t session) {
    try {
      client_.keep_session_alive(session);
      return true;
    } catch (const client::SessionExpired&) {
      return false;
    }
  }

  int get_many() {
    const client::GetManyResult result = client_.get_many(invocation_.arguments, invocation_.read);
    ScanPrinter printer(output(), format_, client::ScanContent::kKeysAndValues);
    std::vector<client::Record> found;
    for (const std::optional<client::Record>& record : result.records) {
      if (record) found.push_back(*record);
    }
    printer.page(found);
    printer.end(result.revision, "");
    int code = kExitOk;
    for (std::size_t i = 0; i < result.records.size(); ++i) {
      if (!result.records[i]) code = not_found(argument(i));
    }
    return code;
  }

  int del_range() {
    client::EraseRangeRequest request;
    request.range = *invocation_.range;
    std::uint64_t erased = 0;
    while (true) {
      const client::EraseRangeResult result = client_.erase_range(request);
      erased += result.erased;
      if (result.cursor.empty()) {
        const std::string text = std::to_string(erased);
        print({"removed " + text + " keys", text, "\"removed\":\"" + text + "\",", result.revision,
               client::Previous::kUnwanted, std::nullopt});
        if (erased != 0) return kExitOk;
        surroundings_.messages << "tenonctl: there was no key in the range\n";
        return kExitCondition;
      }
      request.cursor = result.cursor;
    }
  }

  // The next page. When the state that the cursor is of is not kept any more, that of now, beyond the last key.
  client::ScanResult page(client::ScanRequest& request, const std::string& last_key) {
    try {
      return client_.scan(request);
    } catch (const client::Refused& refused) {
      if (refused.code != client::ErrorCode::kCompacted || last_key.empty()) throw;
    }
    client::KeyRange& range = request.range;
    if (range.prefix) range = {std::nullopt, *range.prefix, prefix_end(*range.prefix)};
    if (request.order == client::ScanOrder::kForward) {
      range.first_key = last_key + '\0';
    } else {
      range.end_key = last_key;
    }
    request.cursor.clear();
    return client_.scan(request);
  }

  int count(client::ScanRequest& request) {
    std::uint64_t total = 0;
    while (true) {
      const client::ScanResult result = client_.scan(request);
      total += result.count;
      request.cursor = result.cursor;
      if (!result.cursor.empty()) continue;
      const std::string text = std::to_string(total);
      return print({text + " keys", text, "\"count\":\"" + text + "\",", result.revision, client::Previous::kUnwanted,
                    std::nullopt});
    }
  }

  int change(const client::ChangeResult& result, const std::string& done, const std::string& reason) {
    if (result.changed || format_ == Format::kJson) {
      print({done, "", result.changed ? "\"changed\":true," : "\"changed\":false,", result.revision,
             invocation_.previous, result.previous});
    }
    if (result.changed) return kExitOk;
    surroundings_.messages << "tenonctl: " << reason << escaped(argument(0)) << "'\n";
    return kExitCondition;
  }

  int print(const WriteOutcome& outcome) {
    print_outcome(output(), format_, outcome);
    return kExitOk;
  }

  int print_session(const char* state, std::uint64_t session) {
    if (format_ == Format::kJson) output() << "{\"session\":\"" << session << "\"}\n";
    if (format_ == Format::kSimple) output() << session << "\n";
    if (format_ == Format::kTable) output() << "session " << session << " " << state << "\n";
    return kExitOk;
  }

  int not_found(const std::string& key) {
    surroundings_.messages << "tenonctl: there is no key '" << escaped(key) << "'\n";
    return kExitCondition;
  }

  const Invocation& invocation_;
  const Surroundings& surroundings_;
  const Format format_;
  client::Client client_;
  const SessionNames names_;
};

}  // namespace

int run_key_command(const Invocation& invocation, const Surroundings& surroundings, Format format) {
  KeyCommands commands(invocation, surroundings, format);
  switch (invocation.command) {
    case Command::kPut:
      return commands.put();
    case Command::kGet:
      return commands.get();
    case Command::kDel:
      return commands.del();
    case Command::kScan:
      return commands.scan();
    case Command::kCas:
      return commands.compare_and_swap();
    case Command::kAppend:
      return commands.append();
    case Command::kIncrement:
      return commands.increment();
    case Command::kExpire:
      return commands.expire();
    case Command::kPersist:
      return commands.persist();
    case Command::kTtl:
      return commands.ttl();
    case Command::kTransaction:
      return commands.transaction();
    case Command::kSessionOpen:
      return commands.open_session();
    case Command::kSessionKeepAlive:
      return commands.keep_session_alive();
    default:
      return commands.close_session();
  }
}

}  // namespace tenon::tenonctl
