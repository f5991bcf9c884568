// SPDX-License-Identifier: MIT
// System calls that fail while an image is made. The log of such a storage may have failed with it; the images must be
// what they were, or what they were to become, and never anything else.
#include <cerrno>

#include "recorder/recorder.hpp"
#include "storage/checks.hpp"
#include "storage/store.hpp"

namespace tenon::plugin_check {
namespace {

constexpr std::uint64_t kPieceBytes = 8192;
constexpr std::uint64_t kOldIndex = 10;
constexpr std::uint64_t kNewIndex = 20;

struct Made {
  bool written = false;    // every image_write() returned OK
  bool committed = false;  // so did image_commit()
};

ImageId id_of(std::uint8_t number) {
  ImageId id{};
  id.fill(number);
  return id;
}

void expect_disk_error(Subject& subject, tenon_error error, const std::string& why) {
  subject.expect(error == TENON_ERROR_IO || error == TENON_ERROR_NO_SPACE,
                 why + " when a call of the system failed; expected IO or NO_SPACE (storage.h)");
}

// Writes and commits an image, as far as it goes.
Made make_image(Store& store, std::uint64_t index, const std::string& content) {
  Made made;
  tenon_error error = TENON_OK;
  std::string why;
  const auto image = store.try_create_image(id_of(static_cast<std::uint8_t>(index)), index, error, why);
  if (image == nullptr) {
    expect_disk_error(store.subject(), error, why);
    return made;
  }
  made.written = true;
  for (std::uint64_t offset = 0; offset < content.size() && made.written; offset += kPieceBytes) {
    error = image->try_write(offset, content.substr(offset, kPieceBytes), why);
    made.written = error == TENON_OK;
  }
  if (made.written) {
    error = image->try_commit(why);
    made.committed = error == TENON_OK;
  }
  image->close();
  if (!made.committed) expect_disk_error(store.subject(), error, why);
  return made;
}

void expect_images(Store& store, const Made& made, const std::string& old_content, const std::string& new_content,
                   const std::string& when) {
  Subject& subject = store.subject();
  const auto image = store.open_image();
  const std::uint64_t index = image->image().index;
  const bool may_be_new = made.written;  // the commit was tried: either may be the newest
  const bool may_be_old = !made.committed;
  subject.expect((index == kNewIndex && may_be_new) || (index == kOldIndex && may_be_old),
                 when + " image_open() found the image of index " + std::to_string(index) + "; expected " +
                     (may_be_old ? may_be_new ? "the old one or the new one"
                                              : "the old one, for the new one was not "
                                                "committed"
                                 : "the new one, for image_commit() returned OK"));
  subject.expect(image->read_all() == (index == kNewIndex ? new_content : old_content),
                 when + " the image of index " + std::to_string(index) + " holds other bytes than were written");
  image->close();
}

void check_image_faults(Subject& subject, CallKind kind, int error, const std::string& what) {
  require_durable(subject);
  const int faults = subject.full() ? 40 : 5;
  WriteGenerator generator(subject.generator());
  const std::string old_content = generator.bytes(3 * kPieceBytes);
  const std::string new_content = generator.bytes(5 * kPieceBytes);
  Recorder& recorder = Recorder::instance();
  int fired = 0;
  for (int nth = 1; nth <= faults; ++nth) {
    const std::filesystem::path directory = subject.new_directory("data");
    recorder.start(directory);
    Store store(subject, directory);
    store.open();
    make_image(store, kOldIndex, old_content);
    recorder.arm({kind, static_cast<std::uint64_t>(nth), error});
    const Made made = make_image(store, kNewIndex, new_content);
    const bool has_fired = recorder.has_fired();
    store.close();
    recorder.stop();
    const std::string when =
        "when " + what + " " + std::to_string(nth) + " failed, and with a disk that is well again:";
    store.open();
    expect_images(store, made, old_content, new_content, when);
    store.close();
    std::filesystem::remove_all(directory);
    if (!has_fired) break;
    ++fired;
  }
  if (fired == 0) subject.skip("not proven: the plugin made no such call that the recorder sees");
}

void check_write(Subject& subject) { check_image_faults(subject, CallKind::write, EIO, "write"); }
void check_no_space(Subject& subject) { check_image_faults(subject, CallKind::write, ENOSPC, "write (no space)"); }
void check_sync(Subject& subject) { check_image_faults(subject, CallKind::sync, EIO, "sync"); }

}  // namespace

Checks storage_image_fault_checks() {
  using std::chrono::seconds;
  constexpr plugin::Kind storage = plugin::Kind::storage;
  return {
      {"storage.images.failed_write", storage, Suite::smoke,
       "an image whose bytes could not be written is not the newest (storage.h: image_write)", seconds(120),
       check_write},
      {"storage.images.no_space", storage, Suite::smoke,
       "an image that finds no room is not the newest (storage.h: image_write)", seconds(120), check_no_space},
      {"storage.images.failed_sync", storage, Suite::smoke,
       "a commit whose sync failed says so, and leaves the old image or the new one (storage.h: image_commit)",
       seconds(120), check_sync},
  };
}

}  // namespace tenon::plugin_check
