// SPDX-License-Identifier: MIT
// What a command of data asks of the node, and how the answer becomes a reply.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reply_writer.hpp"
#include "request_batch.hpp"
#include "tenon/client_api.hpp"
#include "tenon/operation.hpp"

namespace tenon::api_resp {

// The words of a request; the first is the command's name.
using Arguments = std::span<const std::string_view>;

// The results of the operations of one command.
struct Answer {
  std::span<const tenon_result> results;
  std::uint64_t cluster_time_ms;
  bool compare_failed;  // the operations of `otherwise` ran
  std::int64_t first;   // what the command has noted with its reply
  std::int64_t second;
};
// Writes the one reply of a command whose operations have run.
using ReplyFunction = void (*)(ReplyWriter&, const Answer&);

struct ReplyShape {
  ReplyFunction write = nullptr;  // needs: no operation has failed
  std::int64_t first = 0;
  std::int64_t second = 0;
  bool makes_value = false;  // a failure by size is that of the value that would have been made
};

enum class Planned {
  kOperations,  // the plan holds what is to be done
  kNeedsView,   // only who has seen the keys can say what is to be done
  kRefused,     // the plan holds the text of the error; nothing is to be done
};

// Filled by one command at a time; the memory serves again and again. Of one thread.
class Plan {
 public:
  explicit Plan(RequestBatch& batch) noexcept : batch_(batch) {}

  // Begins anew. Compares are there only for who is alone in its request.
  void begin(bool may_compare) noexcept {
    operations_.clear();
    otherwise_.clear();
    compares_.clear();
    reply = {};
    may_compare_ = may_compare;
    is_write_ = false;
  }

  // Adds an operation on a key, which is kept like every value that keep() is given.
  tenon_operation& add(std::uint32_t kind, std::string_view key) { return add_to(operations_, kind, key); }
  tenon_operation& add_otherwise(std::uint32_t kind, std::string_view key) { return add_to(otherwise_, kind, key); }
  // Needs: may_compare().
  void require(const tenon_compare& compare) {
    compares_.push_back(compare);
    compares_.back().key = batch_.keep(view(compare.key));
  }
  bool may_compare() const noexcept { return may_compare_; }
  tenon_bytes keep(std::string_view value) { return batch_.keep(value); }
  Planned refuse(std::string_view text) {
    error_.assign(text);
    return Planned::kRefused;
  }
  Planned answer_by(ReplyFunction write, std::int64_t first = 0, std::int64_t second = 0) noexcept {
    reply = {write, first, second, false};
    return Planned::kOperations;
  }

  std::span<const tenon_operation> operations() const noexcept { return operations_; }
  std::span<const tenon_operation> otherwise() const noexcept { return otherwise_; }
  std::span<const tenon_compare> compares() const noexcept { return compares_; }
  // Whether the request can change the keyspace.
  bool is_write() const noexcept { return is_write_; }
  const std::string& error() const noexcept { return error_; }

  ReplyShape reply;

 private:
  tenon_operation& add_to(std::vector<tenon_operation>& operations, std::uint32_t kind, std::string_view key) {
    operations.push_back(operation(kind, {}));
    operations.back().key = batch_.keep(key);
    is_write_ = is_write_ || changes_keyspace(kind);
    return operations.back();
  }

  RequestBatch& batch_;
  std::vector<tenon_operation> operations_;
  std::vector<tenon_operation> otherwise_;
  std::vector<tenon_compare> compares_;
  std::string error_;
  bool may_compare_ = false;
  bool is_write_ = false;
};

}  // namespace tenon::api_resp
