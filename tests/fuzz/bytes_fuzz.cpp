// SPDX-License-Identifier: MIT
// Whatever bytes a peer, a client or a disk may hand in: they are refused, or mean what their encoder writes again.
#include <memory>
#include <string>

#include "fuzz_input.hpp"
#include "kv/command.hpp"
#include "kv/image.hpp"
#include "tenon/check.hpp"
#include "wire/entry_data.hpp"
#include "wire/frame.hpp"
#include "wire/hard_state.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace tenon {
namespace {

void run(fuzz::Input input) {
  const std::uint64_t what = input.below(5);
  const std::string_view bytes = input.rest();
  if (what == 0) {
    const std::optional<kv::Command> command = kv::decode(bytes);
    if (!command) return;
    std::string again;
    kv::encode(*command, again);
    TENON_CHECK(again == bytes);
  } else if (what == 1) {
    static_cast<void>(wire::decode_entry(bytes));
  } else if (what == 2) {
    static_cast<void>(wire::decode_frame(std::make_shared<const std::string>(bytes)));
  } else if (what == 3) {
    static_cast<void>(wire::decode_hard_state(bytes));
  } else {
    kv::ImageLoader loader;
    if (!loader.feed(bytes)) TENON_CHECK(!loader.error().empty());
    const std::unique_ptr<kv::Store> store = loader.finish();
    TENON_CHECK((store == nullptr) == !loader.error().empty());
  }
}

}  // namespace
}  // namespace tenon

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tenon::run({data, size});
  return 0;
}
