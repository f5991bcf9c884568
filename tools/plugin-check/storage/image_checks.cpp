// SPDX-License-Identifier: MIT
// Snapshot images, without anything going wrong.
#include "storage/checks.hpp"
#include "storage/store.hpp"

namespace tenon::plugin_check {
namespace {

ImageId id_of(std::uint8_t number) {
  ImageId id{};
  id.fill(number);
  return id;
}

void expect_newest(Store& store, std::uint64_t index, const ImageId& id, const std::string& content,
                   const std::string& when) {
  const auto image = store.open_image();
  Subject& subject = store.subject();
  const bool same = image->image().index == index && std::equal(id.begin(), id.end(), image->image().id);
  subject.expect(same && image->image().size == content.size(),
                 when + ": image_open() found the image of index " + std::to_string(image->image().index) + " with " +
                     std::to_string(image->image().size) + " bytes; expected the one of index " +
                     std::to_string(index) + " with " + std::to_string(content.size()));
  subject.expect(image->read_all() == content,
                 when + ": the image of index " + std::to_string(index) + " holds other bytes than were written");
  image->close();
}

void check_commit(Subject& subject) {
  Store store(subject, subject.new_directory("data"));
  store.open();
  tenon_error error = TENON_OK;
  std::string why;
  subject.expect(store.try_open_image(error, why) == nullptr && error == TENON_ERROR_NOT_FOUND,
                 why + " before any image was committed; expected NOT_FOUND");
  WriteGenerator generator(subject.generator());
  std::string committed;
  for (std::uint8_t number = 1; number <= 3; ++number) {
    const std::string content = generator.bytes(200'000 + number);
    const auto image = store.create_image(id_of(number), number * 10u);
    for (std::size_t offset = 0; offset < content.size(); offset += 65'536) {
      image->write(offset, content.substr(offset, 65'536));
    }
    if (number > 1)
      expect_newest(store, (number - 1) * 10u, id_of(static_cast<std::uint8_t>(number - 1)), committed,
                    "before the commit");
    image->commit();
    image->close();
    committed = content;
    expect_newest(store, number * 10u, id_of(number), committed, "after the commit");
  }
  store.reopen();
  expect_newest(store, 30, id_of(3), committed, "after open()");
  store.close();
}

void check_resume(Subject& subject) {
  Store store(subject, subject.new_directory("data"));
  store.open();
  WriteGenerator generator(subject.generator());
  std::string content = generator.bytes(100'000);
  auto image = store.create_image(id_of(7), 70);
  subject.expect(image->image().size == 0, "image_create() of a new image set its size to " +
                                               std::to_string(image->image().size) + "; expected 0");
  image->write(0, content);
  image->close();
  store.reopen();
  image = store.create_image(id_of(7), 70);
  subject.expect(image->image().size == content.size(),
                 "image_create() of an unfinished image set its size to " + std::to_string(image->image().size) +
                     "; expected the " + std::to_string(content.size()) + " bytes that it holds (storage.h)");
  // What was written from an offset on is dropped and written anew.
  const std::string tail = generator.bytes(5'000);
  content = content.substr(0, 60'000) + tail;
  image->write(60'000, tail);
  image->commit();
  image->close();
  expect_newest(store, 70, id_of(7), content, "an image that was resumed and rewritten from an offset on");
  image = store.create_image(id_of(8), 80);
  image->write(0, content);
  image->close();
  image = store.create_image(id_of(9), 80);
  image->close();
  image = store.create_image(id_of(8), 80);
  subject.expect(image->image().size == 0, "an unfinished image without a handle still held " +
                                               std::to_string(image->image().size) +
                                               " bytes after another was begun; expected it to be removed (storage.h: "
                                               "image_create)");
  image->close();
  store.close();
}

void check_refusals(Subject& subject) {
  Store store(subject, subject.new_directory("data"));
  store.open();
  tenon_error error = TENON_OK;
  std::string why;
  const auto unfinished = store.create_image(id_of(1), 50);
  subject.expect(store.try_create_image(id_of(1), 50, error, why) == nullptr && error == TENON_ERROR_BUSY,
                 why + " for an image that has a handle; expected BUSY (storage.h: image_create)");
  const auto newer = store.create_image(id_of(2), 60);
  newer->write(0, "newer");
  newer->commit();
  newer->close();
  unfinished->write(0, "older");
  subject.expect(unfinished->try_commit(why) == TENON_ERROR_INVALID,
                 why + " for an image that is older than the newest; expected INVALID (storage.h: image_commit)");
  unfinished->close();
  expect_newest(store, 60, id_of(2), "newer", "after the commit of an older image was refused");
  store.reopen();
  expect_newest(store, 60, id_of(2), "newer", "after the commit of an older image was refused, and open()");
  store.close();
}

void check_readers(Subject& subject) {
  Store store(subject, subject.new_directory("data"));
  store.open();
  WriteGenerator generator(subject.generator());
  const std::string old_content = generator.bytes(150'000);
  auto image = store.create_image(id_of(1), 10);
  image->write(0, old_content);
  image->commit();
  image->close();
  const auto reader = store.open_image();
  const auto second_reader = store.open_image();
  std::string new_content;
  for (std::uint8_t number = 2; number <= 4; ++number) {
    new_content = generator.bytes(1000);
    image = store.create_image(id_of(number), number * 10u);
    image->write(0, new_content);
    image->commit();
    image->close();
  }
  subject.expect(reader->read_all() == old_content,
                 "an image that was open for reading changed when newer ones were committed; expected it to stay "
                 "readable (storage.h: image_open)");
  reader->close();
  subject.expect(second_reader->read(100'000, 10) == old_content.substr(100'000, 10),
                 "an image that has a handle changed when another handle on it was closed");
  subject.expect(second_reader->read(old_content.size(), 10).empty(),
                 "a read at the end of an image brought bytes; expected none");
  second_reader->close();
  expect_newest(store, 40, id_of(4), new_content, "after newer images were committed");
  store.close();
}

}  // namespace

Checks storage_image_checks() {
  using std::chrono::seconds;
  constexpr plugin::Kind storage = plugin::Kind::storage;
  return {
      {"storage.images.commit", storage, Suite::smoke,
       "the newest committed image is found whole, also after open(); an unfinished one never (storage.h: "
       "image_commit)",
       seconds(40), check_commit},
      {"storage.images.resume", storage, Suite::smoke,
       "an unfinished image is gone on with, from any offset, also after open() (storage.h: image_create, image_write)",
       seconds(40), check_resume},
      {"storage.images.refusals", storage, Suite::smoke,
       "an image with a handle is BUSY, the commit of an older one is INVALID and changes nothing (storage.h)",
       seconds(40), check_refusals},
      {"storage.images.readers", storage, Suite::smoke,
       "an image stays readable while newer ones are committed (storage.h: image_open)", seconds(40), check_readers},
  };
}

}  // namespace tenon::plugin_check
