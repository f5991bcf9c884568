// SPDX-License-Identifier: MIT
#include <algorithm>

#include "storage/store.hpp"
#include "tenon/bytes.hpp"

namespace tenon::plugin_check {

tenon_error ImageHandle::try_write(std::uint64_t offset, const std::string& data, std::string& why) {
  tenon_detail detail = new_detail();
  std::string lent = data;
  const tenon_error error = instance_.call("storage.image_write()", ThreadWord::worker, [&] {
    return instance_.object().storage->image_write(handle_, offset, bytes(lent), &detail);
  });
  std::fill(lent.begin(), lent.end(), '\xa5');  // the bytes are the plugin's for the call only
  why = "storage.image_write() of " + std::to_string(data.size()) + " bytes at " + std::to_string(offset) +
        " returned " + text_of(error, detail);
  return error;
}

tenon_error ImageHandle::try_commit(std::string& why) {
  tenon_detail detail = new_detail();
  const tenon_error error = instance_.call("storage.image_commit()", ThreadWord::worker,
                                           [&] { return instance_.object().storage->image_commit(handle_, &detail); });
  why = "storage.image_commit() returned " + text_of(error, detail);
  return error;
}

tenon_error ImageHandle::try_read(std::uint64_t offset, std::uint64_t capacity, std::string& data, std::string& why) {
  tenon_detail detail = new_detail();
  std::uint64_t size = 0;
  constexpr std::size_t kBehind = 16;  // what lies behind the buffer must stay
  std::string buffer(static_cast<std::size_t>(capacity) + kBehind, '\x5a');
  const tenon_error error = instance_.call("storage.image_read()", ThreadWord::worker, [&] {
    return instance_.object().storage->image_read(handle_, offset, reinterpret_cast<std::uint8_t*>(buffer.data()),
                                                  capacity, &size, &detail);
  });
  why = "storage.image_read() of " + std::to_string(capacity) + " bytes at " + std::to_string(offset) + " returned " +
        text_of(error, detail) + " and size " + std::to_string(size);
  Subject& subject = instance_.subject();
  subject.expect(buffer.substr(static_cast<std::size_t>(capacity)) == std::string(kBehind, '\x5a'),
                 why + ", and wrote behind the buffer; expected at most its capacity");
  data = buffer.substr(0, static_cast<std::size_t>(size));
  return error;
}

void ImageHandle::write(std::uint64_t offset, const std::string& data) {
  std::string why;
  instance_.subject().expect(try_write(offset, data, why) == TENON_OK, why + "; expected OK");
}

void ImageHandle::commit() {
  std::string why;
  instance_.subject().expect(try_commit(why) == TENON_OK, why + "; expected OK");
}

std::string ImageHandle::read(std::uint64_t offset, std::uint64_t capacity) {
  std::string why;
  std::string data;
  instance_.subject().expect(try_read(offset, capacity, data, why) == TENON_OK, why + "; expected OK");
  return data;
}

std::string ImageHandle::read_all() {
  constexpr std::uint64_t kPiece = 64 * 1024;
  std::string all;
  while (true) {
    const std::string piece = read(all.size(), kPiece);
    all += piece;
    if (piece.size() < kPiece) return all;
  }
}

void ImageHandle::close() {
  instance_.call("storage.image_close()", ThreadWord::worker,
                 [&] { instance_.object().storage->image_close(handle_); });
}

}  // namespace tenon::plugin_check
