// SPDX-License-Identifier: MIT
#include "storage/store.hpp"

#include <algorithm>

#include "tenon/bytes.hpp"

namespace tenon::plugin_check {
namespace {

constexpr std::chrono::seconds kPatience{10};
constexpr std::uint64_t kReadBytes = std::uint64_t{1} << 20;
constexpr char kGarbage = static_cast<char>(0xa5);

}  // namespace

bool is_durable(Subject& subject) { return subject.description().manifest.is_durable; }

void require_durable(Subject& subject) {
  if (is_durable(subject)) return;
  subject.skip("the manifest says durable = no: nothing is meant to be kept when the plugin is closed");
}

Store::Store(Subject& subject, std::filesystem::path directory, Identity identity, Incarnation incarnation)
    : subject_(subject), directory_(std::move(directory)), identity_(std::move(identity)), incarnation_(incarnation) {}

std::optional<OpenFailure> Store::try_open() {
  instance_ = std::make_unique<Instance>(subject_, directory_, plugin::Options{}, identity_);
  storage_host_ = std::make_shared<StorageHost>(subject_, instance_->host());
  subject_.keep(storage_host_);
  sequence_ = 0;
  tenon_recovered found{};
  found.struct_size = sizeof found;
  std::copy(incarnation_.begin(), incarnation_.end(), found.incarnation);
  tenon_detail why = new_detail();
  const tenon_error error = instance_->call("storage.open()", ThreadWord::setup, [&] {
    return table().open(instance_->self(), storage_host_->table(), &found, &why);
  });
  if (error != TENON_OK) {
    instance_->destroy();
    instance_.reset();
    return OpenFailure{error, "storage.open() returned " + text_of(error, why)};
  }
  found_ = {std::string(view(found.hard_state)), found.first_index, found.last_index, {}};
  std::copy(std::begin(found.incarnation), std::end(found.incarnation), incarnation_found_.begin());
  return std::nullopt;
}

void Store::open() {
  const std::optional<OpenFailure> failure = try_open();
  if (failure) subject_.fail(failure->text + "; expected it to open what it had written");
}

void Store::close() {
  instance_->call("storage.close()", ThreadWord::setup, [&] { table().close(instance_->self()); });
  failures_ = instance_->host().failures();
  storage_host_->return_loans();
  instance_->destroy();
  instance_.reset();
  for (auto& [sequence, borrowed] : borrowed_) {
    for (std::string& data : borrowed->data) std::fill(data.begin(), data.end(), kGarbage);
  }
  borrowed_.clear();
}

void Store::reopen() {
  if (!is_durable(subject_)) return;
  close();
  open();
}

std::uint64_t Store::write(const Write& write) {
  spoil_released();
  auto borrowed = std::make_unique<Borrowed>();
  tenon_write& given = borrowed->write;
  given.struct_size = sizeof given;
  given.sequence = ++sequence_;
  if (write.hard_state) {
    given.parts |= TENON_WRITE_HARD_STATE;
    borrowed->hard_state = *write.hard_state;
    given.hard_state = bytes(borrowed->hard_state);
  }
  if (write.truncate_from) {
    given.parts |= TENON_WRITE_TRUNCATE_SUFFIX;
    given.truncate_from = *write.truncate_from;
  }
  if (!write.entries.empty()) {
    given.parts |= TENON_WRITE_ENTRIES;
    for (const Entry& entry : write.entries) borrowed->data.push_back(entry.data);
    for (std::size_t entry = 0; entry < write.entries.size(); ++entry) {
      borrowed->entries.push_back(
          {write.entries[entry].index, write.entries[entry].term, bytes(borrowed->data[entry])});
    }
    given.entries = borrowed->entries.data();
    given.entry_count = borrowed->entries.size();
  }
  if (write.compact_to) {
    given.parts |= TENON_WRITE_COMPACT_PREFIX;
    given.compact_to = *write.compact_to;
  }
  borrowed_.emplace(sequence_, std::move(borrowed));
  instance_->call("storage.write()", ThreadWord::core, [&] { table().write(instance_->self(), &given); });
  return sequence_;
}

void Store::spoil_released() {
  while (!borrowed_.empty() && borrowed_.begin()->first <= storage_host_->durable()) {
    Borrowed& over = *borrowed_.begin()->second;
    std::fill(over.hard_state.begin(), over.hard_state.end(), kGarbage);
    for (std::string& data : over.data) std::fill(data.begin(), data.end(), kGarbage);
    borrowed_.erase(borrowed_.begin());
  }
}

void Store::wait_durable() {
  const Progress::Step step(subject_.progress(), "waiting for durable(" + std::to_string(sequence_) + ")");
  if (storage_host_->wait_durable(sequence_, subject_.patience(kPatience))) return;
  const std::vector<FailedReport> failures = instance_->host().failures();
  const std::string failed =
      failures.empty() ? ""
                       : "; failed() was called: " + text_of(failures.front().error) + ", " + failures.front().message;
  subject_.fail("durable(" + std::to_string(sequence_) + ") did not come in " + std::to_string(kPatience.count()) +
                " s, the last was durable(" + std::to_string(storage_host_->durable()) +
                "); expected every write to become durable without another one behind it" + failed);
}

void Store::begin_read(std::uint64_t request, std::uint64_t first, std::uint64_t end, std::uint64_t bytes_max) {
  instance_->call("storage.read_entries()", ThreadWord::core,
                  [&] { table().read_entries(instance_->self(), request, first, end, bytes_max); });
}

ReadAnswer Store::wait_read(std::uint64_t request) {
  const std::string what = "read_done(" + std::to_string(request) + ")";
  const Progress::Step step(subject_.progress(), "waiting for " + what);
  ReadAnswer answer;
  subject_.expect(storage_host_->wait_read(request, subject_.patience(kPatience), answer),
                  what + " did not come in " + std::to_string(kPatience.count()) +
                      " s; expected every read to be answered (storage.h: read_entries)");
  return answer;
}

ReadAnswer Store::read(std::uint64_t first, std::uint64_t end, std::uint64_t bytes_max) {
  begin_read(++last_request_, first, end, bytes_max);
  return wait_read(last_request_);
}

std::vector<Entry> Store::read_entries(std::uint64_t first, std::uint64_t last) {
  std::vector<Entry> entries;
  while (first <= last) {
    ReadAnswer answer = read(first, last + 1, kReadBytes);
    subject_.expect(answer.error == TENON_OK, "a read of entry " + std::to_string(first) + " brought the error " +
                                                  text_of(answer.error) + "; expected the entry, which is in the log");
    first += answer.entries.size();
    entries.insert(entries.end(), std::make_move_iterator(answer.entries.begin()),
                   std::make_move_iterator(answer.entries.end()));
  }
  return entries;
}

FoundLog Store::read_log() {
  FoundLog log = found_;
  log.entries = read_entries(log.first, log.last);
  return log;
}

std::unique_ptr<ImageHandle> Store::try_create_image(const ImageId& id, std::uint64_t index, tenon_error& error,
                                                     std::string& why) {
  tenon_image image{};
  std::copy(id.begin(), id.end(), image.id);
  image.index = index;
  void* handle = nullptr;
  tenon_detail detail = new_detail();
  error = instance_->call("storage.image_create()", ThreadWord::worker,
                          [&] { return table().image_create(instance_->self(), &image, &handle, &detail); });
  why = "storage.image_create() returned " + text_of(error, detail);
  return error == TENON_OK ? std::make_unique<ImageHandle>(*instance_, handle, image) : nullptr;
}

std::unique_ptr<ImageHandle> Store::create_image(const ImageId& id, std::uint64_t index) {
  tenon_error error = TENON_OK;
  std::string why;
  auto image = try_create_image(id, index, error, why);
  subject_.expect(image != nullptr, why + "; expected a handle");
  return image;
}

std::unique_ptr<ImageHandle> Store::try_open_image(tenon_error& error, std::string& why) {
  tenon_image image{};
  void* handle = nullptr;
  tenon_detail detail = new_detail();
  error = instance_->call("storage.image_open()", ThreadWord::worker,
                          [&] { return table().image_open(instance_->self(), &image, &handle, &detail); });
  why = "storage.image_open() returned " + text_of(error, detail);
  return error == TENON_OK ? std::make_unique<ImageHandle>(*instance_, handle, image) : nullptr;
}

std::unique_ptr<ImageHandle> Store::open_image() {
  tenon_error error = TENON_OK;
  std::string why;
  auto image = try_open_image(error, why);
  subject_.expect(image != nullptr, why + "; expected the image that was committed");
  return image;
}

}  // namespace tenon::plugin_check
