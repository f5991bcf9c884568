// SPDX-License-Identifier: MIT
#include "options.hpp"

#include <boost/program_options.hpp>
#include <limits>
#include <sstream>

#include "tenon/option.hpp"

namespace tenon::bench {
namespace {

namespace program_options = boost::program_options;

constexpr std::int64_t kKeyBytesMax = 65'536;
constexpr std::int64_t kValueBytesMax = std::int64_t{64} << 20;
constexpr std::chrono::hours kDurationMax(24);

program_options::options_description flags() {
  using program_options::value;
  program_options::options_description all("Flags");
  auto add = all.add_options();
  const auto text = [](const char* name, const char* standard) {
    return value<std::string>()->value_name(name)->default_value(standard);
  };
  add("endpoints", value<std::string>()->value_name("HOST:PORT[,..]"),
      "where nodes serve the Thrift API (variable TENONCTL_ENDPOINTS, default 127.0.0.1:7101)");
  add("target", text("leader|any", "leader"), "who gets the requests: the leader, or every endpoint in turn");
  add("clients", text("N", "64"), "closed loops, each with one request in flight");
  add("connections", text("N", "8"), "that the clients share; at most as many as clients");
  add("key-bytes", text("N", "16"), "of each key");
  add("keys", text("N", "10000"), "of the key space; each request draws one");
  add("value-bytes", text("N", "256"), "of each value that is written");
  add("read-share", text("SHARE", "0"), "0 writes only, 1 linearizable reads only");
  add("duration", text("DURATION", "10s"), "how long to measure: 500ms, 10s");
  add("warmup", text("DURATION", "1s"), "load before that, not counted");
  add("fill", "writes every key once before all that, so that reads find them");
  add("fill-expiry", text("DURATION", "0s"), "the keys that --fill writes expire then, all at once; 0s: never");
  add("incompressible", "each value is other random bytes");
  add("seed", text("N", "1"), "of the keys that are drawn");
  add("json", "prints one line of JSON");
  add("help", "prints this text");
  return all;
}

std::int64_t integer(const program_options::variables_map& given, const char* name, std::int64_t min,
                     std::int64_t max) {
  const std::string& text = given[name].as<std::string>();
  const std::optional<std::int64_t> value = parse_integer(text);
  if (!value || *value < min || *value > max) {
    throw UsageError("--" + std::string(name) + ": found '" + text + "', expected " + std::to_string(min) + " to " +
                     std::to_string(max));
  }
  return *value;
}

std::chrono::milliseconds duration(const program_options::variables_map& given, const char* name) {
  const std::string& text = given[name].as<std::string>();
  const std::optional<std::chrono::microseconds> value = parse_duration(text);
  if (!value || *value < std::chrono::microseconds(0) || *value > kDurationMax) {
    throw UsageError("--" + std::string(name) + ": found '" + text + "', expected a duration such as 500ms or 10s");
  }
  return std::chrono::duration_cast<std::chrono::milliseconds>(*value);
}

double share(const std::string& text) {
  std::istringstream input(text);
  double value = -1;
  if (!(input >> value) || !input.eof() || value < 0 || value > 1) {
    throw UsageError("--read-share: found '" + text + "', expected a number from 0 to 1");
  }
  return value;
}

Options options_of(const program_options::variables_map& given, const std::string& endpoints) {
  Options options;
  LoadOptions& load = options.load;
  load.endpoints =
      client::parse_endpoints(given.count("endpoints") != 0 ? given["endpoints"].as<std::string>() : endpoints);
  const std::string& target = given["target"].as<std::string>();
  if (target != "leader" && target != "any") {
    throw UsageError("--target: found '" + target + "', expected leader or any");
  }
  load.target = target == "any" ? Target::any : Target::leader;
  load.clients = static_cast<std::size_t>(integer(given, "clients", 1, kClientsMax));
  const auto clients = static_cast<std::int64_t>(load.clients);
  const bool chosen = !given["connections"].defaulted();
  const std::int64_t connections =
      integer(given, "connections", 1, chosen ? clients : static_cast<std::int64_t>(kClientsMax));
  load.connections = static_cast<std::size_t>(std::min(connections, clients));
  load.key_bytes = static_cast<std::size_t>(integer(given, "key-bytes", kKeyBytesMin, kKeyBytesMax));
  load.value_bytes = static_cast<std::size_t>(integer(given, "value-bytes", 0, kValueBytesMax));
  load.keys = static_cast<std::uint64_t>(integer(given, "keys", 1, 99'999'999));  // as many as kKeyBytesMin digits tell
  load.read_share = share(given["read-share"].as<std::string>());
  load.duration = duration(given, "duration");
  if (load.duration.count() == 0) throw UsageError("--duration: found 0, expected time to measure in");
  load.warmup = duration(given, "warmup");
  load.seed = static_cast<std::uint64_t>(integer(given, "seed", 0, std::numeric_limits<std::int64_t>::max()));
  load.fill = given.count("fill") != 0;
  load.fill_expiry = duration(given, "fill-expiry");
  if (load.fill_expiry.count() != 0 && !load.fill) throw UsageError("--fill-expiry: found no --fill, expected both");
  load.incompressible = given.count("incompressible") != 0;
  if (given.count("json") != 0) options.format = ReportFormat::json;
  return options;
}

}  // namespace

std::string help_text() {
  std::ostringstream text;
  text << "tenon-bench [flags]\nLoads a Tenon cluster over the Thrift API and prints operations a second and their "
          "latencies.\n\n"
       << flags();
  return text.str();
}

std::optional<Options> parse_options(std::span<const std::string> words, const std::string& endpoints) {
  const program_options::options_description known = flags();  // what is parsed refers to it
  program_options::variables_map given;
  try {
    const program_options::positional_options_description none;
    const auto parsed = program_options::command_line_parser(std::vector<std::string>(words.begin(), words.end()))
                            .options(known)
                            .positional(none)
                            .run();
    program_options::store(parsed, given);
    if (given.count("help") != 0) return std::nullopt;
    return options_of(given, endpoints);
  } catch (const program_options::error& error) {
    throw UsageError(error.what());
  } catch (const std::invalid_argument& error) {
    throw UsageError(error.what());
  }
}

}  // namespace tenon::bench
