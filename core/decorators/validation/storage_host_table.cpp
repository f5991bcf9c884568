// SPDX-License-Identifier: MIT
// What a storage says to its host.
#include <string>
#include <utility>

#include "call.hpp"
#include "storage_calls.hpp"
#include "tenon/host.hpp"

namespace tenon::validation {
namespace {

constexpr const char* kDurable = "tenon_storage_host.durable";
constexpr const char* kReadDone = "tenon_storage_host.read_done";
constexpr const char* kSpace = "tenon_storage_host.space";

}  // namespace

StorageCalls& StorageCalls::of(const tenon_storage_host* host) noexcept {
  StorageCalls& calls = *static_cast<StorageCalls*>(host->context);
  expect_same(calls.subject_, "tenon_storage_host", host, calls.host_table_);
  return calls;
}

void StorageCalls::fill_host_table() noexcept {
  host_table_.struct_size = sizeof host_table_;
  host_table_.context = this;
  host_table_.durable = [](const tenon_storage_host* host, std::uint64_t sequence) { of(host).durable(sequence); };
  host_table_.read_done = [](const tenon_storage_host* host, std::uint64_t request, tenon_error error,
                             const tenon_entry* entries, std::uint64_t count,
                             tenon_loan loan) { of(host).read_done(request, error, entries, count, loan); };
  host_table_.space = [](const tenon_storage_host* host, std::uint32_t is_short) { of(host).space(is_short); };
}

void StorageCalls::durable(std::uint64_t sequence) {
  const PluginCall call(subject_);
  if (!expect_alive(subject_, kDurable)) return;
  if (subject_.has_failed()) {
    return subject_.report(Blame::plugin, Rule::durable, kDurable,
                           "the sequence " + std::to_string(sequence) + " after failed()", "no more of them");
  }
  std::uint64_t before = 0;
  std::uint64_t last = 0;
  {
    const std::lock_guard lock(mutex_);
    before = durable_;
    last = log_.last_sequence();
    if (sequence >= before && sequence <= last) durable_ = sequence;
  }
  if (sequence > last || sequence == 0) {
    return subject_.report(Blame::plugin, Rule::durable, kDurable,
                           "the sequence " + std::to_string(sequence) + ", which was not written",
                           "at least 1, at most " + std::to_string(last));
  }
  if (sequence < before) {
    return subject_.report(Blame::plugin, Rule::durable, kDurable,
                           "the sequence " + std::to_string(sequence) + " after " + std::to_string(before),
                           "one that does not fall");
  }
  host_->durable(host_, sequence);
}

void StorageCalls::read_done(std::uint64_t request, tenon_error error, const tenon_entry* entries, std::uint64_t count,
                             tenon_loan loan) {
  const PluginCall call(subject_);
  std::optional<Read> asked;
  if (expect_alive(subject_, kReadDone)) {
    {
      const std::lock_guard lock(mutex_);
      const auto found = reads_.find(request);
      if (found != reads_.end()) {
        asked = found->second;
        reads_.erase(found);
      }
    }
    if (!asked) {
      subject_.report(Blame::plugin, Rule::read, kReadDone,
                      "the read " + std::to_string(request) + ", which has its answer or was never asked for",
                      "one answer to each read");
    }
  }
  if (!asked) return give_back(loan);
  check_answer(*asked, error, entries, count);
  host_->read_done(host_, request, error, entries, count, loans_.pass_on(loan));
}

void StorageCalls::check_answer(const Read& read, tenon_error error, const tenon_entry* entries,
                                std::uint64_t count) const {
  const auto wrong = [this](std::string found, std::string expected) {
    subject_.report(Blame::plugin, Rule::read, kReadDone, std::move(found), std::move(expected));
  };
  if (error != TENON_OK) {
    if (count != 0) wrong("the error " + std::to_string(error) + " with entries", "one or the other");
    if (error == TENON_ERROR_CLOSED && subject_.phase() != Phase::closing) wrong("CLOSED before close()", "an answer");
    if (error == TENON_ERROR_NOT_FOUND || error == TENON_ERROR_IO || error == TENON_ERROR_CORRUPT) return;
    if (error != TENON_ERROR_CLOSED) wrong("the error " + std::to_string(error), "NOT_FOUND, IO, CORRUPT or CLOSED");
    return;
  }
  const std::uint64_t asked = read.end > read.first ? read.end - read.first : 0;
  if (count == 0 || count > asked) {
    return wrong(std::to_string(count) + " entries of " + std::to_string(asked), "at least one, and no more");
  }
  std::uint64_t size = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    size += entries[i].data.size;
    if (entries[i].index != read.first + i) {
      return wrong("the entry " + std::to_string(entries[i].index), "the entry " + std::to_string(read.first + i));
    }
  }
  if (count > 1 && size > read.bytes_max) {
    wrong(std::to_string(size) + " bytes in " + std::to_string(count) + " entries",
          "at most " + std::to_string(read.bytes_max) + ", or a single entry");
  }
}

void StorageCalls::space(std::uint32_t is_short) {
  const PluginCall call(subject_);
  if (!expect_alive(subject_, kSpace)) return;
  if (is_short > 1) {
    subject_.report(Blame::plugin, Rule::argument, kSpace, std::to_string(is_short), "0 or 1");
  }
  host_->space(host_, is_short);
}

}  // namespace tenon::validation
