// SPDX-License-Identifier: MIT
// The plugin as a host sees it.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "filewal/file_wal_storage.hpp"
#include "log_model.hpp"
#include "support/abort_on_finding.hpp"
#include "tenon/testing/host.hpp"
#include "tenon/testing/storage_host.hpp"
#include "validation/host_table.hpp"
#include "validation/storage_table.hpp"

extern "C" const tenon_plugin tenon_static_plugin_filewal;

namespace tenon::filewal::test {

// An instance behind the table that a host sees, under validation; closes and destroys it.
class Plugin {
 public:
  // On the disk of the host's data directory, through the plugin's own create().
  explicit Plugin(const tenon_host* host) : validated_host_(subject_, *host) {
    error = kPlugin->create(validated_host_.table(), &self_, &why);
    validated_.emplace(subject_, *kPlugin->storage, self_);
  }
  // The images are on a disk that goes with the instance.
  Plugin(const tenon_host* host, FileSystem& disk)
      : Plugin(host, disk, std::make_unique<support::MemoryFileSystem>(1)) {}
  Plugin(const tenon_host* host, FileSystem& disk, FileSystem& image_disk)
      : Plugin(host, disk, std::make_unique<Borrowed>(image_disk)) {}
  Plugin(const Plugin&) = delete;
  Plugin& operator=(const Plugin&) = delete;
  ~Plugin() {
    close();
    storage_host.give_back_reads();
    if (self_ != nullptr) kPlugin->destroy(self_);
  }

  // Hands over the incarnation that `found` has.
  tenon_error open() {
    found.struct_size = sizeof found;
    error = table().open(self(), storage_host.table(), &found, &why);
    open_ = error == TENON_OK;
    return error;
  }
  void close() {
    if (std::exchange(open_, false)) table().close(self());
  }
  void write(const tenon_write& write) { table().write(self(), &write); }
  // Appends one entry, as the write with its index as sequence.
  void append(std::uint64_t index, std::string data) {
    write(writes_.emplace_back().append(index, 1, std::move(data)).view(index));
  }
  void read(std::uint64_t request, std::uint64_t first, std::uint64_t end) {
    table().read_entries(self(), request, first, end, 1 << 20);
  }
  const tenon_storage& table() const { return *validated_->table(); }
  void* self() const { return validated_->self(); }
  // The test calls what the contract forbids.
  void tolerate(validation::Rule rule) { reporter_.tolerate(rule); }
  // What calls open() and close() from now on.
  void enter_control_thread() { threads_.enter_control(); }

  testing::FakeStorageHost storage_host;
  tenon_recovered found = {};
  tenon_error error = TENON_OK;
  tenon_detail why = {};

 private:
  // A disk that the test keeps.
  class Borrowed final : public FileSystem {
   public:
    explicit Borrowed(FileSystem& disk) : disk_(disk) {}
    std::string path(std::string_view name) const override { return disk_.path(name); }
    void create_directory() override { disk_.create_directory(); }
    std::vector<std::string> list() const override { return disk_.list(); }
    std::unique_ptr<File> open(std::string_view name, OpenMode mode) override { return disk_.open(name, mode); }
    void rename(std::string_view from, std::string_view to) override { disk_.rename(from, to); }
    void unlink(std::string_view name) override { disk_.unlink(name); }
    void sync_directory() override { disk_.sync_directory(); }
    std::unique_ptr<FileLock> lock(std::string_view name) override { return disk_.lock(name); }
    void random_bytes(std::span<std::uint8_t> output) override { disk_.random_bytes(output); }

   private:
    FileSystem& disk_;
  };

  static constexpr const tenon_plugin* kPlugin = &tenon_static_plugin_filewal;

  Plugin(const tenon_host* host, FileSystem& disk, std::unique_ptr<FileSystem> image_disk)
      : validated_host_(subject_, *host),
        self_(static_cast<Instance*>(new FileWalStorage(Host(validated_host_.table()), std::make_unique<Borrowed>(disk),
                                                        std::move(image_disk)))) {
    validated_.emplace(subject_, *kPlugin->storage, self_);
  }

  support::AbortOnFinding reporter_;
  validation::Threads threads_;
  validation::Subject subject_{threads_, reporter_};
  validation::HostTable validated_host_;
  void* self_ = nullptr;
  std::optional<validation::StorageTable> validated_;
  bool open_ = false;
  std::deque<OwnedWrite> writes_;
};

inline const std::map<std::string, std::string> kOptions = {{"segment_bytes", "1MiB"}};

}  // namespace tenon::filewal::test
