// SPDX-License-Identifier: MIT
// What every C++ plugin shares: errors that are exceptions up to the waist and no further, loans, the host's services.
//
// All of it is inline, hidden and without mutable statics, so that two plugins in one process share nothing, whichever
// compilers and standard libraries they were built with.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "tenon/bytes.hpp"
#include "tenon/define_plugin.h"

namespace tenon {
inline namespace [[gnu::visibility("hidden")]] sdk_1 {

// How a plugin's code reports a failure; the skin turns it into the code and the detail of the waist.
class Error : public std::runtime_error {
 public:
  Error(tenon_error code, const std::string& message) : std::runtime_error(message), code_(code) {}
  tenon_error code() const noexcept { return code_; }

 private:
  tenon_error code_;
};

// Lends what `owner` holds; the release of the receiver destroys it, on whichever thread that happens.
template <class Owner>
tenon_loan lend(std::unique_ptr<Owner> owner) noexcept {
  return {[](void* lent) { delete static_cast<Owner*>(lent); }, owner.release()};
}
inline void give_back(const tenon_loan& loan) noexcept {
  if (loan.release != nullptr) loan.release(loan.owner);
}

// Fills `why` (which may be null), cutting the message to its room, and returns the code.
inline tenon_error describe(tenon_detail* why, tenon_error code, std::string_view message) noexcept {
  if (why != nullptr) {
    const std::size_t size = std::min(message.size(), sizeof why->message - 1);
    if (size != 0) std::memcpy(why->message, message.data(), size);
    why->message[size] = '\0';
  }
  return code;
}

// Runs `body`; the one place where exceptions stop.
template <class Body>
tenon_error guard(tenon_detail* why, Body&& body) noexcept {
  try {
    std::forward<Body>(body)();
    return TENON_OK;
  } catch (const Error& error) {
    return describe(why, error.code(), error.what());
  } catch (const std::bad_alloc&) {
    return describe(why, TENON_ERROR_NO_SPACE, "out of memory");
  } catch (const std::exception& error) {
    return describe(why, TENON_ERROR_INTERNAL, error.what());
  } catch (...) {
    return describe(why, TENON_ERROR_INTERNAL, "an exception of unknown type");
  }
}

// A counter, gauge or histogram that the manifest declares. Any thread, wait-free.
class Metric {
 public:
  Metric() = default;
  Metric(const tenon_host* host, std::uint32_t number) noexcept : host_(host), number_(number) {}
  void record(double value) const noexcept {
    if (number_ != 0) host_->metric_record(host_, number_, value);
  }

 private:
  const tenon_host* host_ = nullptr;
  std::uint32_t number_ = 0;
};

// The host's services. A copy is a pointer; it is valid until the instance is destroyed. Thread words as in plugin.h.
class Host {
 public:
  explicit Host(const tenon_host* table) noexcept : table_(table) {}

  std::uint64_t node_id() const noexcept { return table_->node_id; }
  const char* cluster_id() const noexcept { return table_->cluster_id; }
  const char* data_directory() const noexcept { return table_->data_directory; }

  // The text of an option, or null when it is neither set nor has a default.
  const char* find_option(const char* name) const noexcept { return table_->option(table_, name); }
  // The text of an option that is required or has a default. Throws Error(INVALID) for any other.
  std::string_view option(const char* name) const {
    const char* text = find_option(name);
    if (text == nullptr) throw Error(TENON_ERROR_INVALID, std::string("option is not set: ") + name);
    return text;
  }

  bool wants(std::uint32_t severity) const noexcept { return table_->logger_write(table_, severity, {}) != 0; }
  void debug(std::string_view line) const noexcept { write(TENON_SEVERITY_DEBUG, line); }
  void info(std::string_view line) const noexcept { write(TENON_SEVERITY_INFO, line); }
  void warning(std::string_view line) const noexcept { write(TENON_SEVERITY_WARNING, line); }
  void error(std::string_view line) const noexcept { write(TENON_SEVERITY_ERROR, line); }

  Metric metric(const char* name, const char* labels = "") const noexcept {
    return {table_, table_->metric_create(table_, name, labels)};
  }
  void failed(tenon_error code, const char* message) const noexcept { table_->failed(table_, code, message); }

  template <class Table>
  const Table* extension(const char* name) const noexcept {
    return static_cast<const Table*>(table_->get_extension(table_, name));
  }

 private:
  void write(std::uint32_t severity, std::string_view line) const noexcept {
    table_->logger_write(table_, severity, bytes(line));
  }

  const tenon_host* table_;
};

// What `self` points to at the waist, in every role.
class Instance {
 public:
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;
  virtual ~Instance() = default;
  virtual const void* get_extension(std::string_view) noexcept { return nullptr; }

 protected:
  explicit Instance(Host host) noexcept : host_(host) {}
  const Host& host() const noexcept { return host_; }

  // Runs an operation that has no error to return: one that throws can no longer be trusted, and says so for good.
  template <class Body>
  void contain(Body&& body) noexcept {
    tenon_detail why{};
    const tenon_error code = guard(&why, std::forward<Body>(body));
    if (code != TENON_OK) host_.failed(code, why.message);
  }

 private:
  Host host_;
};

template <class Plugin>
tenon_error create_instance(const tenon_host* host, void** self, tenon_detail* why) noexcept {
  return guard(why, [&] { *self = static_cast<Instance*>(std::make_unique<Plugin>(Host(host)).release()); });
}
inline void destroy_instance(void* self) noexcept { delete static_cast<Instance*>(self); }
inline const void* get_instance_extension(void* self, const char* name) noexcept {
  return static_cast<Instance*>(self)->get_extension(name);
}

// Defines a plugin around a class; storage.hpp, transport.hpp and client_api.hpp give it a role.
#define TENON_ROLE_PLUGIN(Plugin, text, ...)                                                           \
  TENON_PLUGIN(text, .create = ::tenon::create_instance<Plugin>, .destroy = ::tenon::destroy_instance, \
               .get_extension = ::tenon::get_instance_extension, __VA_ARGS__)

}  // namespace sdk_1
}  // namespace tenon
