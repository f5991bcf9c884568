// SPDX-License-Identifier: MIT
// The storage role in C++: derive from Storage and name the class in TENON_STORAGE_PLUGIN(Class, manifest). Each
// function has the contract of its namesake in storage.h; errors are thrown as tenon::Error.
#pragma once

#include <array>

#include "tenon/host.hpp"

namespace tenon {
inline namespace [[gnu::visibility("hidden")]] sdk_1 {

enum class LogSpace : std::uint32_t { enough = 0, running_short = 1 };

inline std::span<const tenon_entry> entries(const tenon_write& write) noexcept {
  return {write.entries, static_cast<std::size_t>(write.entry_count)};
}

// One handle on an image; destroying it is image_close().
class Image {
 public:
  virtual ~Image() = default;
  virtual void write(std::uint64_t offset, std::string_view data) = 0;
  virtual void commit() = 0;
  virtual std::size_t read(std::uint64_t offset, std::span<std::uint8_t> buffer) = 0;  // returns the bytes read
};

using Incarnation = std::array<std::uint8_t, 16>;

class Storage : public Instance {
 public:
  struct Recovered {
    std::string_view hard_state = {};  // must live until the first write()
    std::uint64_t first_index = 1;
    std::uint64_t last_index = 0;
    Incarnation incarnation = {};
  };

  // `birth`: the incarnation of a directory that is born here; all zeros: storage draws one.
  virtual Recovered open(const Incarnation& birth) = 0;
  virtual void close() = 0;
  virtual void write(const tenon_write& write) = 0;
  virtual void read_entries(std::uint64_t request, std::uint64_t first, std::uint64_t end, std::uint64_t bytes_max) = 0;
  virtual std::unique_ptr<Image> image_create(tenon_image& image) = 0;
  virtual std::unique_ptr<Image> image_open(tenon_image& image) = 0;  // null: none was ever committed

 protected:
  explicit Storage(Host host) noexcept : Instance(host) {}

  void durable(std::uint64_t sequence) const noexcept { host_->durable(host_, sequence); }
  void read_done(std::uint64_t request, std::span<const tenon_entry> read, tenon_loan loan) const noexcept {
    host_->read_done(host_, request, TENON_OK, read.data(), read.size(), loan);
  }
  void read_failed(std::uint64_t request, tenon_error error) const noexcept {
    host_->read_done(host_, request, error, nullptr, 0, {});
  }
  void report_space(LogSpace space) const noexcept { host_->space(host_, static_cast<std::uint32_t>(space)); }

 private:
  friend struct StorageTrampolines;
  const tenon_storage_host* host_ = nullptr;  // from open() to close()
};

struct StorageTrampolines {
  static Storage& of(void* self) noexcept { return *static_cast<Storage*>(static_cast<Instance*>(self)); }
  static Image& image_of(void* handle) noexcept { return *static_cast<Image*>(handle); }

  static tenon_error open(void* self, const tenon_storage_host* host, tenon_recovered* found,
                          tenon_detail* why) noexcept {
    return guard(why, [&] {
      of(self).host_ = host;
      Incarnation birth;
      std::copy(std::begin(found->incarnation), std::end(found->incarnation), birth.begin());
      const Storage::Recovered recovered = of(self).open(birth);
      found->hard_state = bytes(recovered.hard_state);
      found->first_index = recovered.first_index;
      found->last_index = recovered.last_index;
      std::copy(recovered.incarnation.begin(), recovered.incarnation.end(), found->incarnation);
    });
  }
  static void close(void* self) noexcept {
    of(self).contain([&] { of(self).close(); });
  }
  static void write(void* self, const tenon_write* write) noexcept {
    of(self).contain([&] { of(self).write(*write); });
  }
  static void read_entries(void* self, std::uint64_t request, std::uint64_t first, std::uint64_t end,
                           std::uint64_t bytes_max) noexcept {
    of(self).contain([&] { of(self).read_entries(request, first, end, bytes_max); });
  }
  static tenon_error image_create(void* self, tenon_image* image, void** handle, tenon_detail* why) noexcept {
    return guard(why, [&] { *handle = of(self).image_create(*image).release(); });
  }
  static tenon_error image_write(void* handle, std::uint64_t offset, tenon_bytes data, tenon_detail* why) noexcept {
    return guard(why, [&] { image_of(handle).write(offset, view(data)); });
  }
  static tenon_error image_commit(void* handle, tenon_detail* why) noexcept {
    return guard(why, [&] { image_of(handle).commit(); });
  }
  static tenon_error image_open(void* self, tenon_image* image, void** handle, tenon_detail* why) noexcept {
    return guard(why, [&] {
      *handle = of(self).image_open(*image).release();
      if (*handle == nullptr) throw Error(TENON_ERROR_NOT_FOUND, "no image was ever committed");
    });
  }
  static tenon_error image_read(void* handle, std::uint64_t offset, std::uint8_t* buffer, std::uint64_t capacity,
                                std::uint64_t* size, tenon_detail* why) noexcept {
    *size = 0;
    return guard(why, [&] { *size = image_of(handle).read(offset, {buffer, static_cast<std::size_t>(capacity)}); });
  }
  static void image_close(void* handle) noexcept { delete static_cast<Image*>(handle); }
};

inline constexpr tenon_storage kStorageTable = {
    .struct_size = sizeof(tenon_storage),
    .open = StorageTrampolines::open,
    .close = StorageTrampolines::close,
    .write = StorageTrampolines::write,
    .read_entries = StorageTrampolines::read_entries,
    .image_create = StorageTrampolines::image_create,
    .image_write = StorageTrampolines::image_write,
    .image_commit = StorageTrampolines::image_commit,
    .image_open = StorageTrampolines::image_open,
    .image_read = StorageTrampolines::image_read,
    .image_close = StorageTrampolines::image_close,
};

#define TENON_STORAGE_PLUGIN(Plugin, text) \
  TENON_ROLE_PLUGIN(Plugin, text, .storage = &::tenon::kStorageTable, .transport = nullptr, .client_api = nullptr)

}  // namespace sdk_1
}  // namespace tenon
