// SPDX-License-Identifier: MIT
#include "convert/copy.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "tenon/host.hpp"

namespace tenon::server {
namespace {

constexpr std::size_t kStepBytes = 1u << 20;  // of an image

[[noreturn]] void refuse_difference(const std::string& what) {
  throw Error(TENON_ERROR_CORRUPT, "what was written is not what is read again: " + what +
                                       "; nothing was changed in the source. Look at the disks and at the storage "
                                       "plugins, and convert again");
}

// Gives all bytes of an image to `take`, step by step.
template <class Take>
void read_image(const node::ImageFile& image, std::string_view what, const ShowProgress& show, Take take) {
  const std::uint64_t bytes = image.identity().bytes;
  std::vector<std::uint8_t> buffer(kStepBytes);
  show(what, ProgressUnit::kBytes, 0, bytes);
  for (std::uint64_t offset = 0; offset < bytes;) {
    const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(kStepBytes, bytes - offset));
    const std::size_t size = image.read(offset, std::span(buffer).first(wanted));
    if (size != wanted) {
      throw Error(TENON_ERROR_CORRUPT, "the image has " + std::to_string(bytes) + " bytes, and could be read to " +
                                           std::to_string(offset + size) + " only");
    }
    take(offset, std::string_view(reinterpret_cast<const char*>(buffer.data()), size));
    offset += size;
    show(what, ProgressUnit::kBytes, offset, bytes);
  }
}

void copy_image(const node::ImageFile& image, StorageEnd& to, const ShowProgress& show) {
  node::ImageFile copy = node::ImageFile::create(to.port(), image.identity().id, image.identity().index);
  read_image(image, "copying the image", show,
             [&](std::uint64_t offset, std::string_view part) { copy.write(offset, part); });
  copy.commit();
}

// A log that begins behind index 1 is begun by forgetting what lies before.
void copy_beginning(const StorageEnd::Found& found, StorageEnd& to) {
  tenon_write write{};
  if (!found.hard_state.empty()) {
    write.parts |= TENON_WRITE_HARD_STATE;
    write.hard_state = bytes(found.hard_state);
  }
  if (found.first_index > 1) {
    write.parts |= TENON_WRITE_COMPACT_PREFIX;
    write.compact_to = found.first_index - 1;
  }
  if (write.parts != 0) to.write(write);
}

void copy_log(StorageEnd& from, StorageEnd& to, const ShowProgress& show) {
  constexpr std::string_view kWhat = "copying the log";
  const StorageEnd::Found& found = from.found();
  const std::uint64_t total = found.last_index + 1 - found.first_index;
  show(kWhat, ProgressUnit::kEntries, 0, total);
  for (std::uint64_t next = found.first_index; next <= found.last_index;) {
    const auto read = from.read(next, found.last_index + 1);
    tenon_write write{};
    write.parts = TENON_WRITE_ENTRIES;
    write.entries = read->entries().data();
    write.entry_count = read->entries().size();
    to.write(write);
    next += write.entry_count;
    show(kWhat, ProgressUnit::kEntries, next - found.first_index, total);
  }
}

void compare_found(const StorageEnd::Found& from, const StorageEnd::Found& to) {
  if (to.incarnation != from.incarnation) refuse_difference("the incarnation of the directory");
  if (to.hard_state != from.hard_state) refuse_difference("the hard state");
  if (to.first_index == from.first_index && to.last_index == from.last_index) return;
  const auto range = [](const StorageEnd::Found& found) {
    return std::to_string(found.first_index) + " to " + std::to_string(found.last_index);
  };
  refuse_difference("the log has the indexes " + range(to) + ", and had " + range(from));
}

void compare_entries(StorageEnd& from, StorageEnd& to, const ShowProgress& show) {
  constexpr std::string_view kWhat = "comparing the log";
  const StorageEnd::Found& found = from.found();
  const std::uint64_t total = found.last_index + 1 - found.first_index;
  show(kWhat, ProgressUnit::kEntries, 0, total);
  for (std::uint64_t next = found.first_index; next <= found.last_index;) {
    const auto expected = from.read(next, found.last_index + 1);
    const auto read = to.read(next, next + expected->entries().size());
    for (std::size_t at = 0; at < read->entries().size(); ++at) {
      const tenon_entry& was = expected->entries()[at];
      const tenon_entry& is = read->entries()[at];
      if (is.term != was.term || view(is.data) != view(was.data)) {
        refuse_difference("the entry of index " + std::to_string(was.index));
      }
    }
    next += read->entries().size();
    show(kWhat, ProgressUnit::kEntries, next - found.first_index, total);
  }
}

std::optional<node::ImageIdentity> compare_images(StorageEnd& from, StorageEnd& to, const ShowProgress& show) {
  const std::optional<node::ImageFile> expected = node::ImageFile::open_newest(from.port());
  const std::optional<node::ImageFile> image = node::ImageFile::open_newest(to.port());
  if (image.has_value() != expected.has_value()) refuse_difference("there is an image on one side only");
  if (!expected) return std::nullopt;
  const node::ImageIdentity& was = expected->identity();
  const node::ImageIdentity& is = image->identity();
  if (is.id != was.id || is.index != was.index || is.bytes != was.bytes) {
    refuse_difference("the image's id, index or size");
  }
  std::vector<std::uint8_t> buffer(kStepBytes);
  read_image(*expected, "comparing the image", show, [&](std::uint64_t offset, std::string_view part) {
    const std::size_t size = image->read(offset, std::span(buffer).first(part.size()));
    const std::string_view read(reinterpret_cast<const char*>(buffer.data()), size);
    if (read != part)
      refuse_difference("the image, between the offsets " + std::to_string(offset) + " and " +
                        std::to_string(offset + part.size()));
  });
  return was;
}

}  // namespace

void copy_node(StorageEnd& from, StorageEnd& to, const ShowProgress& show) {
  const std::optional<node::ImageFile> image = node::ImageFile::open_newest(from.port());
  const StorageEnd::Found& found = from.found();
  if (found.last_index < found.first_index && found.hard_state.empty() && !image) {
    throw Error(TENON_ERROR_INVALID, "the source holds no node: neither a hard state nor a log nor an image");
  }
  copy_beginning(found, to);
  copy_log(from, to, show);
  if (image) copy_image(*image, to, show);
}

Copied compare_nodes(StorageEnd& from, StorageEnd& to, const ShowProgress& show) {
  compare_found(from.found(), to.found());
  compare_entries(from, to, show);
  return {from.found().first_index, from.found().last_index, compare_images(from, to, show)};
}

}  // namespace tenon::server
