// SPDX-License-Identifier: MIT
#include "tenonctl/run.hpp"

#include <cerrno>
#include <exception>
#include <fstream>
#include <istream>
#include <ostream>
#include <system_error>
#include <utility>

#include "cluster_commands.hpp"
#include "format.hpp"
#include "tenonctl/command_line.hpp"
#include "tenonctl/text.hpp"

namespace tenon::tenonctl {
namespace {

// More than any node takes; what is longer is not read to its end.
constexpr std::size_t kValueBytesMax = 16u << 20;

struct FileError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::string read_value(std::istream& input, const std::string& name) {
  std::string bytes(kValueBytesMax + 1, '\0');
  input.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (input.bad()) throw FileError(name + ": the value cannot be read");
  bytes.resize(static_cast<std::size_t>(input.gcount()));
  if (bytes.size() > kValueBytesMax) throw FileError(name + ": found more than 16MiB, which no node takes as a value");
  return bytes;
}

class Runner {
 public:
  Runner(const Invocation& invocation, const Surroundings& surroundings)
      : invocation_(invocation),
        surroundings_(surroundings),
        format_(invocation.format.value_or(surroundings.device == OutputDevice::kTerminal ? Format::kTable
                                                                                          : Format::kSimple)),
        client_(client_options(invocation, invocation.endpoints)) {}

  int run() {
    switch (invocation_.command) {
      case Command::kPut:
        return put();
      case Command::kGet:
        return get();
      case Command::kDel:
        return del();
      case Command::kScan:
        return scan();
      case Command::kCas:
        return compare_and_swap();
      case Command::kStatus:
        return show_status(invocation_, surroundings_, format_);
      case Command::kMembers:
        return show_members(invocation_, surroundings_, format_);
      case Command::kMetrics:
        return show_metrics(invocation_, surroundings_, format_);
      case Command::kLeaderShow:
        return show_leader(invocation_, surroundings_, format_);
      case Command::kLeaderTransfer:
        break;
    }
    return transfer_leader(invocation_, surroundings_, format_);
  }

 private:
  std::ostream& output() { return surroundings_.output; }
  const std::string& argument(std::size_t at) const { return invocation_.arguments[at]; }

  std::string value_argument(std::size_t at) {
    const std::string& text = argument(at);
    if (text == "-") return read_value(surroundings_.input, "standard input");
    if (!text.starts_with('@')) return text;
    const std::string path = text.substr(1);
    std::ifstream file(path, std::ios::binary);
    if (!file) throw FileError(path + ": the file cannot be opened: " + std::generic_category().message(errno));
    return read_value(file, path);
  }

  int put() {
    const client::PutResult result = client_.put(argument(0), value_argument(1));
    print_write(output(), format_, "put", "", result.revision);
    return kExitOk;
  }

  int get() {
    const client::GetResult result = client_.get(argument(0));
    if (result.record) {
      print_get(output(), format_, surroundings_.device, result);
      return kExitOk;
    }
    if (format_ == Format::kJson) print_write(output(), format_, "", "\"record\":null,", result.revision);
    return not_found();
  }

  int del() {
    const client::EraseResult result = client_.erase(argument(0));
    if (result.erased || format_ == Format::kJson) {
      print_write(output(), format_, "removed", result.erased ? "\"removed\":true," : "\"removed\":false,",
                  result.revision);
    }
    return result.erased ? kExitOk : not_found();
  }

  int not_found() {
    surroundings_.messages << "tenonctl: there is no key '" << escaped(argument(0)) << "'\n";
    return kExitCondition;
  }

  int scan() {
    client::ScanRequest request = invocation_.scan;
    ScanPrinter printer(output(), format_, request.content);
    std::uint64_t left = invocation_.scan_limit;
    while (true) {
      request.limit = left;
      const client::ScanResult result = client_.scan(request);
      printer.page(result.records);
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
    if (by_value) expected = value_argument(1);
    const client::SwapResult result = client_.compare_and_swap(argument(0), expected, value_argument(by_value ? 2 : 1));
    if (result.swapped) {
      print_write(output(), format_, "swapped", "\"swapped\":true,", result.revision);
      return kExitOk;
    }
    if (format_ == Format::kJson) {
      const std::string current =
          result.current ? json_record(*result.current, client::ScanContent::kKeysAndValues) : "null";
      print_write(output(), format_, "", "\"swapped\":false,\"current\":" + current + ",", result.revision);
    }
    if (!result.current) return not_found();
    surroundings_.messages << "tenonctl: the value of '" << escaped(argument(0))
                           << (by_value ? "' is another than expected" : "' is set already")
                           << "; nothing was changed\n";
    return kExitCondition;
  }

  const Invocation& invocation_;
  const Surroundings& surroundings_;
  Format format_;
  client::Client client_;
};

std::string describe_refusal(const client::Refused& error, Command command) {
  std::string text = error.what();
  if (!error.leader_address.empty()) {
    text += "; the leader is at " + error.leader_address;
  } else if (error.leader_node) {
    text += "; the leader is node " + std::to_string(*error.leader_node);
  }
  if (error.overloaded) text += "; the node is at its bounds: try again later";
  const bool is_write = command == Command::kPut || command == Command::kDel || command == Command::kCas;
  return is_write ? text + "; nothing was changed" : text;
}

int run_invocation(const Invocation& invocation, const Surroundings& surroundings) {
  try {
    return Runner(invocation, surroundings).run();
  } catch (const client::NoConnection& error) {
    surroundings.messages << "tenonctl: " << error.what()
                          << "; is tenond running, and does --endpoints (or TENONCTL_ENDPOINTS) name its Thrift API?\n";
    return kExitNoConnection;
  } catch (const client::UnknownOutcome& error) {
    const char* advice = invocation.command == Command::kLeaderTransfer
                             ? "; leader show says whether another node leads now\n"
                             : "; it may have been applied or not: read the key before you repeat it\n";
    surroundings.messages << "tenonctl: " << error.what() << advice;
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
