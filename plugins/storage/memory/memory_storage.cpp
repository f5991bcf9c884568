// SPDX-License-Identifier: MIT
#include "memory_storage/memory_storage.hpp"

#include <sys/random.h>

#include <algorithm>
#include <fstream>

#include "tenon/option.hpp"
#include "tenon/stamp.hpp"

namespace tenon::memory_storage {
namespace {

std::uint64_t bytes_option(const Host& host) {
  const std::string_view text = host.option("bytes_max");
  const std::optional<std::uint64_t> bytes = parse_size(text);
  if (bytes && *bytes > 0) return *bytes;
  throw Error(TENON_ERROR_INVALID, "bytes_max is '" + std::string(text) + "', expected a size such as 1GiB");
}

// A node that was to keep its log must not begin anew because a line of its config was changed.
void refuse_directory_of_another(const Host& host) {
  const std::string directory = host.data_directory();
  std::ifstream file(directory + "/" + kStampName, std::ios::binary);
  if (!file) return;
  std::string content(kStampBytesMax + 1, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<std::size_t>(file.gcount()));
  check_stamp(decode_stamp(content), {1, "dev.tenon.storage.memory", host.cluster_id(), host.node_id(), {}}, directory);
}

// What one read_done() lends: the entries, and their share in the data.
struct ReadEntries {
  std::vector<std::shared_ptr<const std::string>> data;
  std::vector<tenon_entry> entries;
};

}  // namespace

MemoryStorage::MemoryStorage(Host host) : Storage(host), bytes_max_(bytes_option(host)) {}

// Every start is a birth, for nothing was kept.
Storage::Recovered MemoryStorage::open(const Incarnation& birth) {
  refuse_directory_of_another(host());
  log_bytes_metric_ = host().metric("log_bytes");
  image_bytes_metric_ = host().metric("image_bytes");
  Recovered recovered;
  recovered.incarnation = birth;
  if (birth == Incarnation{} && ::getrandom(recovered.incarnation.data(), recovered.incarnation.size(), 0) !=
                                    static_cast<ssize_t>(recovered.incarnation.size())) {
    throw Error(TENON_ERROR_IO, "getrandom gave no bytes for an incarnation");
  }
  return recovered;
}

// The parts take effect in the order of storage.h. The hard state is for the next start, and there is nothing to find
// it by then.
void MemoryStorage::write(const tenon_write& write) {
  if (failed_) return;
  if ((write.parts & TENON_WRITE_TRUNCATE_SUFFIX) != 0) {
    while (!log_.empty() && last_index() >= write.truncate_from) drop_back();
  }
  if ((write.parts & TENON_WRITE_ENTRIES) != 0) {
    for (const tenon_entry& entry : entries(write)) append(entry);
  }
  if ((write.parts & TENON_WRITE_COMPACT_PREFIX) != 0 && write.compact_to >= first_index_) {
    while (!log_.empty() && first_index_ <= write.compact_to) drop_front();
    first_index_ = write.compact_to + 1;
  }
  if (!has_room(0)) {
    failed_ = true;
    host().failed(TENON_ERROR_NO_SPACE,
                  "the log and the images take more than bytes_max; raise it, or use a storage on disk");
    return;
  }
  log_bytes_metric_.record(static_cast<double>(log_bytes_));
  image_bytes_metric_.record(static_cast<double>(image_bytes_));
  watch_space();
  durable(write.sequence);
}

void MemoryStorage::append(const tenon_entry& entry) {
  TENON_CHECK(entry.index == last_index() + 1);
  log_.push_back({entry.term, std::make_shared<const std::string>(view(entry.data))});
  log_bytes_ += kEntryBytes + entry.data.size;
}

void MemoryStorage::drop_front() {
  log_bytes_ -= kEntryBytes + log_.front().data->size();
  log_.pop_front();
  ++first_index_;
}

void MemoryStorage::drop_back() {
  log_bytes_ -= kEntryBytes + log_.back().data->size();
  log_.pop_back();
}

// Short from three quarters on, enough again below one half, so that the two do not take turns.
void MemoryStorage::watch_space() {
  const std::uint64_t used = log_bytes_ + image_bytes_;
  const std::uint64_t bound = space_ == LogSpace::enough ? bytes_max_ / 4 * 3 : bytes_max_ / 2;
  const LogSpace space = used > bound ? LogSpace::running_short : LogSpace::enough;
  if (std::exchange(space_, space) != space) report_space(space);
}

void MemoryStorage::read_entries(std::uint64_t request, std::uint64_t first, std::uint64_t end,
                                 std::uint64_t bytes_max) {
  if (failed_) return read_failed(request, TENON_ERROR_IO);
  TENON_CHECK(first_index_ <= first && first < end && end <= last_index() + 1);
  auto read = std::make_unique<ReadEntries>();
  std::uint64_t size = 0;
  for (std::uint64_t index = first; index < end; ++index) {
    const Entry& entry = log_[static_cast<std::size_t>(index - first_index_)];
    size += entry.data->size();
    if (size > bytes_max && index > first) break;
    read->data.push_back(entry.data);
    read->entries.push_back({index, entry.term, bytes(*entry.data)});
  }
  const std::span<const tenon_entry> found = read->entries;
  read_done(request, found, lend(std::move(read)));
}

class MemoryStorage::Reader final : public Image {
 public:
  explicit Reader(std::shared_ptr<const StoredImage> image) noexcept : image_(std::move(image)) {}

  void write(std::uint64_t, std::string_view) override { TENON_CHECK(false); }
  void commit() override { TENON_CHECK(false); }
  std::size_t read(std::uint64_t offset, std::span<std::uint8_t> buffer) override {
    const std::string& content = image_->content;
    if (offset >= content.size()) return 0;
    const std::size_t size = std::min(buffer.size(), content.size() - static_cast<std::size_t>(offset));
    std::memcpy(buffer.data(), content.data() + offset, size);
    return size;
  }

 private:
  const std::shared_ptr<const StoredImage> image_;
};

class MemoryStorage::Writer final : public Image {
 public:
  Writer(MemoryStorage& storage, std::shared_ptr<StoredImage> image) noexcept
      : storage_(storage), image_(std::move(image)) {}
  ~Writer() override {
    const std::lock_guard lock(storage_.images_mutex_);
    image_->has_writer = false;
  }

  void write(std::uint64_t offset, std::string_view data) override {
    std::string& content = image_->content;
    TENON_CHECK(!is_committed_ && offset <= content.size());
    if (!storage_.has_room(data.size())) {
      throw Error(TENON_ERROR_NO_SPACE, "the image goes beyond bytes_max = " + std::to_string(storage_.bytes_max_));
    }
    const std::uint64_t before = content.size();
    content.resize(static_cast<std::size_t>(offset));
    content += data;
    storage_.image_bytes_ += content.size() - before;
  }
  void commit() override {
    const std::lock_guard lock(storage_.images_mutex_);
    if (storage_.newest_ != nullptr && storage_.newest_->index >= image_->index) {
      throw Error(TENON_ERROR_INVALID, "the newest image has index " + std::to_string(storage_.newest_->index) +
                                           ", expected a greater one to commit");
    }
    storage_.newest_ = image_;
    std::erase(storage_.unfinished_, image_);
    is_committed_ = true;
  }
  std::size_t read(std::uint64_t offset, std::span<std::uint8_t> buffer) override {
    return Reader(image_).read(offset, buffer);
  }

 private:
  MemoryStorage& storage_;
  const std::shared_ptr<StoredImage> image_;
  bool is_committed_ = false;
};

std::unique_ptr<Image> MemoryStorage::image_create(tenon_image& image) {
  const std::lock_guard lock(images_mutex_);
  std::shared_ptr<StoredImage> found;
  for (const std::shared_ptr<StoredImage>& each : unfinished_) {
    if (each->index == image.index && std::equal(each->id.begin(), each->id.end(), std::begin(image.id))) found = each;
  }
  if (found != nullptr && found->has_writer) {
    throw Error(TENON_ERROR_BUSY, "the image has a handle already; close that one first");
  }
  std::erase_if(unfinished_, [&](const auto& each) { return each != found && !each->has_writer; });
  if (found == nullptr) {
    found = unfinished_.emplace_back(std::make_shared<StoredImage>(image_bytes_));
    found->index = image.index;
    std::copy(std::begin(image.id), std::end(image.id), found->id.begin());
  }
  found->has_writer = true;
  image.size = found->content.size();
  return std::make_unique<Writer>(*this, found);
}

std::unique_ptr<Image> MemoryStorage::image_open(tenon_image& image) {
  const std::lock_guard lock(images_mutex_);
  if (newest_ == nullptr) return nullptr;
  image.index = newest_->index;
  image.size = newest_->content.size();
  std::copy(newest_->id.begin(), newest_->id.end(), std::begin(image.id));
  return std::make_unique<Reader>(newest_);
}

}  // namespace tenon::memory_storage
