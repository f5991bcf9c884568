// SPDX-License-Identifier: MIT
// A client API that counts its instances in variables which C++ merges across a program: an inline variable, a static
// of a template and a static of an inline function. Two copies of this library in one process must not share them.
#include <atomic>

#include "tenon/client_api.hpp"

namespace counting {

inline std::atomic<std::uint64_t> inline_count{0};
template <class Tag>
struct Counter {
  static std::atomic<std::uint64_t> count;
};
template <class Tag>
std::atomic<std::uint64_t> Counter<Tag>::count{0};
inline std::atomic<std::uint64_t>& function_count() {
  static std::atomic<std::uint64_t> count{0};
  return count;
}

class CountingApi final : public tenon::ClientApi {
 public:
  explicit CountingApi(tenon::Host host) : ClientApi(host) {
    counts_ = {++inline_count, ++Counter<CountingApi>::count, ++function_count()};
  }
  void start() override {}
  void drain(std::uint64_t) override {}
  void stop() override {}
  // The counts as this instance left them, as three numbers.
  const void* get_extension(std::string_view name) noexcept override {
    return name == "org.tenon.test.counts/1" ? counts_.data() : nullptr;
  }

 private:
  std::array<std::uint64_t, 3> counts_{};
};

}  // namespace counting

TENON_CLIENT_API_PLUGIN(counting::CountingApi,
                        "[plugin]\n"
                        "id = org.tenon.test.counting\n"
                        "kind = client_api\n"
                        "version = 1.0\n")
