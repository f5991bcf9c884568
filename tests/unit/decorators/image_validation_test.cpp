// SPDX-License-Identifier: MIT
#include "scripted_storage.hpp"
#include "support/catch.hpp"

namespace tenon::validation::test {
namespace {

const Lines kNone;

struct OpenHost : ScriptedStorageHost {
  OpenHost() { open(); }
  ~OpenHost() { close(); }
};

TEST_CASE("a write beyond the image, and any after a commit, is found") {
  OpenHost host;
  void* const handle = host.create_image(1);
  CHECK(host.storage().image_write(handle, 0, bytes("12345"), nullptr) == TENON_OK);
  CHECK(host.storage().image_write(handle, 5, bytes("6"), nullptr) == TENON_OK);
  CHECK(host.recorder.take() == kNone);
  host.storage().image_write(handle, 7, bytes("8"), nullptr);
  CHECK(host.recorder.text() ==
        "HOST_MISBEHAVING tenon_storage.image_write: found the offset 7 of an image of 6 bytes, expected at most its "
        "size [image]\n");
  host.recorder.take();
  host.storage().image_commit(handle, nullptr);
  host.storage().image_write(handle, 0, bytes("1"), nullptr);
  CHECK(host.recorder.take() == Lines{"host image tenon_storage.image_write"});
  host.storage().image_close(handle);
}

TEST_CASE("a write after one that failed is found") {
  OpenHost host;
  void* const handle = host.create_image(1);
  host.plugin.image_error = TENON_ERROR_NO_SPACE;
  CHECK(host.storage().image_write(handle, 0, bytes("1"), nullptr) == TENON_ERROR_NO_SPACE);
  CHECK(host.recorder.take() == kNone);
  host.plugin.image_error = TENON_OK;
  host.storage().image_write(handle, 0, bytes("1"), nullptr);
  CHECK(host.recorder.take() == Lines{"host image tenon_storage.image_write"});
  host.storage().image_close(handle);
}

TEST_CASE("a commit of an older image is found, and its acceptance too") {
  OpenHost host;
  host.commit_image(7);
  CHECK(host.recorder.take() == kNone);
  host.commit_image(7);
  CHECK(host.recorder.take() ==
        Lines{"host image tenon_storage.image_commit", "plugin image tenon_storage.image_commit"});
}

TEST_CASE("an image that is forgotten, or that is not the newest, is found") {
  OpenHost host;
  host.commit_image(7);
  tenon_image image{};
  void* handle = nullptr;
  host.plugin.newest = 6;
  CHECK(host.storage().image_open(host.self(), &image, &handle, nullptr) == TENON_OK);
  CHECK(host.recorder.take() == Lines{"plugin image tenon_storage.image_open"});
  host.storage().image_close(handle);
  host.plugin.image_error = TENON_ERROR_NOT_FOUND;
  CHECK(host.storage().image_open(host.self(), &image, &handle, nullptr) == TENON_ERROR_NOT_FOUND);
  CHECK(host.recorder.take() == Lines{"plugin image tenon_storage.image_open"});
}

TEST_CASE("a read that is short before the end of the image is found") {
  OpenHost host;
  tenon_image image{};
  void* handle = nullptr;
  host.storage().image_open(host.self(), &image, &handle, nullptr);
  std::uint8_t buffer[16] = {};
  std::uint64_t size = 0;
  CHECK(host.storage().image_read(handle, 0, buffer, sizeof buffer, &size, nullptr) == TENON_OK);
  CHECK(host.recorder.take() == kNone);
  host.plugin.read_size = 9;
  host.storage().image_read(handle, 0, buffer, sizeof buffer, &size, nullptr);
  CHECK(host.recorder.take() == Lines{"plugin image tenon_storage.image_read"});
  host.storage().image_close(handle);
}

TEST_CASE("a second handle on an unfinished image is found") {
  OpenHost host;
  void* const first = host.create_image(1);
  void* const second = host.create_image(1);
  CHECK(host.recorder.take() == Lines{"plugin image tenon_storage.image_create"});
  host.storage().image_close(first);
  host.storage().image_close(second);
}

TEST_CASE("a handle that is used after it was closed is found, and the plugin does not hear of it") {
  OpenHost host;
  void* const handle = host.create_image(1);
  host.storage().image_close(handle);
  host.storage().image_close(handle);
  CHECK(host.storage().image_write(handle, 0, bytes("1"), nullptr) == TENON_ERROR_INVALID);
  CHECK(host.recorder.take() == Lines{"host image tenon_storage.image_close", "host image tenon_storage.image_write"});
  CHECK(host.plugin.image_closes == 1);
}

TEST_CASE("storage that is closed with a handle open is found") {
  ScriptedStorageHost host;
  host.open();
  void* const handle = host.create_image(1);
  host.close();
  CHECK(host.recorder.take() == Lines{"host image tenon_storage.close"});
  host.storage().image_close(handle);
  CHECK(host.recorder.take() == Lines{"host state tenon_storage.image_close"});
}

}  // namespace
}  // namespace tenon::validation::test
