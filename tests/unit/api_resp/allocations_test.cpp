// SPDX-License-Identifier: MIT
// What the plugin allocates for one command more, once it has served as many before: nothing.
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <new>
#include <span>

#include "plugin_fixture.hpp"
#include "support/catch.hpp"

namespace {

std::atomic<std::uint64_t> allocations{0};

void* allocate(std::size_t size, std::size_t alignment) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  const std::size_t rounded = (size + alignment - 1) / alignment * alignment;
  void* const made = std::aligned_alloc(alignment, rounded == 0 ? alignment : rounded);
  if (made == nullptr) throw std::bad_alloc();
  return made;
}

}  // namespace

// Those of the standard library for arrays, and those that do not throw, call these.
void* operator new(std::size_t size) { return allocate(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* freed) noexcept { std::free(freed); }
void operator delete(void* freed, std::size_t) noexcept { std::free(freed); }
void operator delete(void* freed, std::align_val_t) noexcept { std::free(freed); }
void operator delete(void* freed, std::size_t, std::align_val_t) noexcept { std::free(freed); }

namespace tenon::api_resp {
namespace {

constexpr std::size_t kDepth = 1024;
constexpr std::string_view kValue = "a value that is longer than what a string holds within itself";

// A node whose every key has the same value, with one queue. Answers at once, but for streams, and allocates nothing.
// Once the plugin runs, of the thread of that.
class QuietNode {
 public:
  QuietNode() {
    host_.struct_size = sizeof host_;
    host_.context = this;
    host_.queue_create = [](const tenon_client_host* host, std::uint64_t, const tenon_queue** queue, tenon_detail*) {
      *queue = &static_cast<QuietNode*>(host->context)->queue_;
      return tenon_error{TENON_OK};
    };
    queue_.struct_size = sizeof queue_;
    queue_.context = this;
    queue_.event_fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    queue_.submit = submit;
    queue_.poll = poll;
    queue_.cancel = [](const tenon_queue*, std::uint64_t) {};
    queue_.destroy = [](const tenon_queue*) {};
    record_.value = bytes(kValue);
    for (std::size_t i = 0; i < kDepth; ++i) free_[i] = &answers_[i];
  }
  QuietNode(const QuietNode&) = delete;
  QuietNode& operator=(const QuietNode&) = delete;
  ~QuietNode() { ::close(static_cast<int>(queue_.event_fd)); }

  const tenon_client_host* table() const noexcept { return &host_; }

 private:
  struct LentAnswer {
    QuietNode* node;
    std::array<tenon_result, kBundledOperationsMax> results;  // of one request
    tenon_completion completion;
  };
  static QuietNode& of(const tenon_queue* queue) noexcept { return *static_cast<QuietNode*>(queue->context); }

  static std::uint64_t submit(const tenon_queue* queue, const tenon_request* requests, std::uint64_t count) {
    QuietNode& node = of(queue);
    for (std::uint64_t i = 0; i < count; ++i) node.answer(requests[i]);
    const std::uint64_t one = 1;
    TENON_CHECK(::write(static_cast<int>(queue->event_fd), &one, sizeof one) == sizeof one);
    return count;
  }

  void answer(const tenon_request& request) {
    const std::uint32_t kind = request.operations->kind;
    if (kind == TENON_WATCH || kind == TENON_SUBSCRIBE) return;
    TENON_CHECK(free_count_ > 0);
    LentAnswer& lent = *free_[--free_count_];
    lent = {this, {}, {}};
    TENON_CHECK(request.operation_count <= lent.results.size());
    if (kind == TENON_GET) {
      for (tenon_result& result : std::span(lent.results).first(request.operation_count)) {
        result.record_count = 1;
        result.records = &record_;
      }
    }
    lent.completion.struct_size = sizeof lent.completion;
    lent.completion.request = request.id;
    lent.completion.outcome = TENON_OUTCOME_DONE;
    lent.completion.results = lent.results.data();
    lent.completion.result_count = request.operation_count;
    lent.completion.loan = {[](void* owner) {
                              auto* const given_back = static_cast<LentAnswer*>(owner);
                              given_back->node->free_[given_back->node->free_count_++] = given_back;
                            },
                            &lent};
    waiting_[waiting_end_++ % kDepth] = &lent.completion;
  }

  static std::uint64_t poll(const tenon_queue* queue, const tenon_completion** completions, std::uint64_t room) {
    QuietNode& node = of(queue);
    std::uint64_t count = 0;
    while (count < room && node.waiting_begin_ != node.waiting_end_) {
      completions[count++] = node.waiting_[node.waiting_begin_++ % kDepth];
    }
    std::uint64_t quiet = 0;
    if (count < room) static_cast<void>(::read(static_cast<int>(queue->event_fd), &quiet, sizeof quiet) < 0);
    return count;
  }

  tenon_client_host host_{};
  tenon_queue queue_{};
  tenon_record record_{};
  std::array<LentAnswer, kDepth> answers_{};
  std::array<LentAnswer*, kDepth> free_{};
  std::size_t free_count_ = kDepth;
  std::array<const tenon_completion*, kDepth> waiting_{};
  std::uint64_t waiting_begin_ = 0;
  std::uint64_t waiting_end_ = 0;  // at most kDepth more
};

// Sends the same pipeline again and again, and reads the replies; the plugin alone allocates meanwhile, if anyone does.
class Pipeline {
 public:
  Pipeline(std::uint16_t port, std::string_view request, std::string_view reply, std::size_t commands)
      : client_(port), sent_(repeated(request, commands)), expected_(repeated(reply, commands)) {
    received_.resize(expected_.size());
  }

  bool run(int times) {
    for (int i = 0; i < times; ++i) {
      if (!client_.send(sent_) || !client_.receive_into(received_) || received_ != expected_) return false;
    }
    return true;
  }

 private:
  static std::string repeated(std::string_view text, std::size_t times) {
    std::string all;
    for (std::size_t i = 0; i < times; ++i) all += text;
    return all;
  }

  RawClient client_;
  const std::string sent_;
  const std::string expected_;
  std::string received_;
};

TEST_CASE("one command more in a pipeline allocates nothing") {
  const std::string value(kValue);
  const std::string bulk = "$" + std::to_string(value.size()) + "\r\n" + value + "\r\n";
  const std::string get = words({"GET", "key:000000000001"});
  const std::string set = words({"SET", "key:000000000001", value});
  constexpr std::size_t kCommands = 32;  // they and their replies fit into one packet, so that they come together
  testing::FakeHost host("/nonexistent", all_options({{"queue_depth", std::to_string(kDepth)}}));
  QuietNode node;
  void* self = nullptr;
  tenon_detail why{sizeof why, {}};
  REQUIRE(tenon_static_plugin_api_resp.create(host.table(), &self, &why) == TENON_OK);
  const tenon_client_api& table = *tenon_static_plugin_api_resp.client_api;
  REQUIRE(table.start(self, node.table(), &why) == TENON_OK);
  {
    const std::uint16_t port = port_of(host);
    std::array<Pipeline, 3> pipelines = {Pipeline(port, get, bulk, kCommands),
                                         Pipeline(port, set, "+OK\r\n", kCommands),
                                         Pipeline(port, "PING\r\n", "+PONG\r\n", kCommands)};
    for (Pipeline& pipeline : pipelines) {
      REQUIRE(pipeline.run(50));
      const std::uint64_t before = allocations.load();
      const bool ran = pipeline.run(100);
      const std::uint64_t made = allocations.load() - before;
      CHECK(ran);
      CHECK(made == 0);
    }
  }
  table.stop(self);
  tenon_static_plugin_api_resp.destroy(self);
}

}  // namespace
}  // namespace tenon::api_resp
