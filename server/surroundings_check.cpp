// SPDX-License-Identifier: MIT
#include "surroundings_check.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>
#include <system_error>
#include <tuple>
#include <utility>

#include "tenon/option.hpp"

namespace tenon::server {
namespace {

constexpr std::int64_t kPortMax = 65'535;

[[noreturn]] void refuse(const config::Origin& origin, const std::string& option, const std::string& explanation) {
  throw config::ConfigError(origin.text() + ": " + option + ": " + explanation);
}

bool may(const std::filesystem::path& path, int what) noexcept {
  return ::faccessat(AT_FDCWD, path.c_str(), what, AT_EACCESS) == 0;
}

// The nearest directory above that is there. Needs: an absolute path.
std::filesystem::path existing_parent(std::filesystem::path path) {
  std::error_code error;
  do {
    path = path.parent_path();
  } while (path != path.parent_path() && !std::filesystem::exists(path, error));
  return path;
}

std::filesystem::path absolute_of(const std::filesystem::path& path) {
  std::filesystem::path made = std::filesystem::absolute(path).lexically_normal();
  return made.has_filename() ? made : made.parent_path();  // without a '/' at its end
}

void check_can_be_made(const std::filesystem::path& path, const config::Origin& origin, const std::string& option) {
  const std::filesystem::path parent = existing_parent(path);
  std::error_code error;
  if (!std::filesystem::is_directory(parent, error)) {
    refuse(origin, option, path.string() + " cannot be made, for " + parent.string() + " is no directory");
  }
  if (!may(parent, W_OK | X_OK)) {
    refuse(origin, option,
           path.string() + " cannot be made, for this user may not write to " + parent.string() +
               "; make it and give it to the user that runs tenond, or name another place");
  }
}

struct Address {
  std::string host;
  std::string port;
  bool operator<(const Address& other) const { return std::tie(port, host) < std::tie(other.port, other.host); }
};

// nullopt: of another form, which only the plugin can judge.
std::optional<Address> parse_address(const ListenSetting& setting, const std::string& item) {
  if (item.find('/') != std::string::npos) return std::nullopt;
  const std::size_t colon = item.rfind(':');
  const auto wrong = [&] {
    refuse(setting.origin, setting.option,
           "found '" + item + "', expected HOST:PORT with a port of 0 to 65535, as in 127.0.0.1:7101");
  };
  if (colon == std::string::npos || colon == 0) wrong();
  Address address{item.substr(0, colon), item.substr(colon + 1)};
  const std::optional<std::int64_t> port = parse_integer(address.port);
  if (!port || *port < 0 || *port > kPortMax) wrong();
  return address;
}

// Whether who listens at one of them keeps another from listening at the other, on the same port. A name is left to the
// attempt, which alone knows what it stands for.
bool overlap(const std::string& left, const std::string& right) noexcept {
  if (left == right || left == "*" || right == "*") return true;
  const bool is_left_6 = left.starts_with('[');
  const bool is_right_6 = right.starts_with('[');
  if (is_left_6 && is_right_6) return left == "[::]" || right == "[::]";
  return !is_left_6 && !is_right_6 && (left == "0.0.0.0" || right == "0.0.0.0");
}

}  // namespace

void check_data_directory(const config::Config& config) {
  const config::Origin& origin = config.settings.at("node").at("data_directory").origin;
  const std::string option = "node.data_directory";
  const std::filesystem::path path = absolute_of(config.data_directory);
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) {
    if (errno != ENOENT) refuse(origin, option, path.string() + " cannot be looked at: " + std::strerror(errno));
    return check_can_be_made(path, origin, option);
  }
  if (!S_ISDIR(found.st_mode)) refuse(origin, option, path.string() + " is no directory; name one, or a new place");
  if (found.st_uid != ::geteuid() && ::geteuid() != 0) {
    refuse(origin, option,
           path.string() + " belongs to user " + std::to_string(found.st_uid) + ", and tenond runs as " +
               std::to_string(::geteuid()) + "; run it as that user, or name another directory");
  }
  if (!may(path, R_OK | W_OK | X_OK)) {
    refuse(origin, option, "this user may not read and write " + path.string() + "; give it the mode 0700");
  }
}

void check_logger_file(const config::Config& config) {
  if (!config.logger_file) return;
  const config::Origin& origin = config.settings.at("logger").at("file").origin;
  const std::string option = "logger.file";
  const std::filesystem::path path = absolute_of(*config.logger_file);
  std::error_code error;
  if (std::filesystem::is_directory(path, error))
    refuse(origin, option, path.string() + " is a directory; name a file");
  if (std::filesystem::exists(path, error)) {
    if (!may(path, W_OK)) refuse(origin, option, "this user may not write to " + path.string());
    return;
  }
  if (!std::filesystem::is_directory(path.parent_path(), error)) {
    refuse(origin, option, "the directory " + path.parent_path().string() + " is not there; make it");
  }
  check_can_be_made(path, origin, option);
}

void check_listening(const std::vector<ListenSetting>& settings) {
  std::map<Address, const ListenSetting*> taken;
  for (const ListenSetting& setting : settings) {
    for (const std::string& item : setting.addresses) {
      const std::optional<Address> address = parse_address(setting, item);
      if (!address || address->port == "0") continue;
      const auto clash = std::find_if(taken.begin(), taken.end(), [&](const auto& other) {
        return other.first.port == address->port && overlap(other.first.host, address->host);
      });
      if (clash != taken.end()) {
        refuse(setting.origin, setting.option,
               "found " + item + ", where " + clash->second->option + " (" + clash->second->origin.text() +
                   ") listens already; give one of them another port");
      }
      taken.emplace(*address, &setting);
    }
  }
}

void check_surroundings(const config::Config& config, const PluginSelection& plugins) {
  check_data_directory(config);
  check_logger_file(config);
  check_listening(plugins.listen_settings());
}

}  // namespace tenon::server
