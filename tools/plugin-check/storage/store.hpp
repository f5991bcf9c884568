// SPDX-License-Identifier: MIT
// A storage under check, on one data directory and over any number of openings. It keeps what it writes for as long as
// storage.h says, and spoils it afterwards, so that a plugin that looks too long finds garbage.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runner/instance.hpp"
#include "storage/log_model.hpp"
#include "storage/storage_host.hpp"

namespace tenon::plugin_check {

using ImageId = std::array<std::uint8_t, 16>;
using Incarnation = std::array<std::uint8_t, 16>;

// Whether the plugin means to keep anything when it is closed: `durable` of its manifest.
bool is_durable(Subject& subject);
// Ends the check as SKIP for a plugin that does not.
void require_durable(Subject& subject);

struct OpenFailure {
  tenon_error error;
  std::string text;
};

// One handle on an image. The error of each function is as the plugin returned it. Control thread.
class ImageHandle {
 public:
  ImageHandle(const Instance& instance, void* handle, const tenon_image& image)
      : instance_(instance), handle_(handle), image_(image) {}
  const tenon_image& image() const { return image_; }

  tenon_error try_write(std::uint64_t offset, const std::string& data, std::string& why);
  tenon_error try_commit(std::string& why);
  tenon_error try_read(std::uint64_t offset, std::uint64_t capacity, std::string& data, std::string& why);
  // The same, and fail the check when they do not succeed.
  void write(std::uint64_t offset, const std::string& data);
  void commit();
  std::string read(std::uint64_t offset, std::uint64_t capacity);
  std::string read_all();
  void close();

 private:
  const Instance& instance_;
  void* handle_;
  tenon_image image_;
};

class Store {
 public:
  // `incarnation`: what the host hands to a directory that is born; zeros let the plugin draw one.
  Store(Subject& subject, std::filesystem::path directory, Identity identity = {}, Incarnation incarnation = {});
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // Creates an instance and opens it. nullopt: it is open. Else the instance is gone again.
  std::optional<OpenFailure> try_open();
  // The same, and fails the check when it does not succeed.
  void open();
  void close();
  // close() and open(); nothing for a plugin that keeps nothing then.
  void reopen();

  // What the last open() found. The entries are read by read_log().
  const FoundLog& found() const { return found_; }
  const Incarnation& incarnation() const { return incarnation_found_; }

  std::uint64_t write(const Write& write);
  std::uint64_t written() const { return sequence_; }
  // Fails the check when what was written does not become durable.
  void wait_durable();
  void begin_read(std::uint64_t request, std::uint64_t first, std::uint64_t end, std::uint64_t bytes_max);
  ReadAnswer wait_read(std::uint64_t request);
  ReadAnswer read(std::uint64_t first, std::uint64_t end, std::uint64_t bytes_max);
  // The entries first..last, in as many reads as it takes; fails the check at an error.
  std::vector<Entry> read_entries(std::uint64_t first, std::uint64_t last);
  // What the last open() found, with the entries from its first to its last index.
  FoundLog read_log();

  // nullptr: it failed with `error`.
  std::unique_ptr<ImageHandle> try_create_image(const ImageId& id, std::uint64_t index, tenon_error& error,
                                                std::string& why);
  std::unique_ptr<ImageHandle> create_image(const ImageId& id, std::uint64_t index);
  std::unique_ptr<ImageHandle> try_open_image(tenon_error& error, std::string& why);
  std::unique_ptr<ImageHandle> open_image();

  Subject& subject() const { return subject_; }
  StorageHost& host() const { return *storage_host_; }
  // Of the last opening, also when it is closed.
  std::vector<FailedReport> failures() const { return failures_; }
  // Needs: it is open.
  CheckHost& plugin_host() const { return instance_->host(); }
  const std::filesystem::path& directory() const { return directory_; }

 private:
  // A write as the plugin sees it, with all that it points to.
  struct Borrowed {
    tenon_write write{};
    std::string hard_state;
    std::vector<std::string> data;
    std::vector<tenon_entry> entries;
  };

  const tenon_storage& table() const { return *instance_->object().storage; }
  void spoil_released();

  Subject& subject_;
  const std::filesystem::path directory_;
  const Identity identity_;
  const Incarnation incarnation_;
  std::unique_ptr<Instance> instance_;
  std::shared_ptr<StorageHost> storage_host_;
  FoundLog found_;
  Incarnation incarnation_found_{};
  std::vector<FailedReport> failures_;
  std::map<std::uint64_t, std::unique_ptr<Borrowed>> borrowed_;  // by sequence; until durable
  std::uint64_t sequence_ = 0;
  std::uint64_t last_request_ = 1'000'000;  // of read(); below that they are the caller's
};

}  // namespace tenon::plugin_check
