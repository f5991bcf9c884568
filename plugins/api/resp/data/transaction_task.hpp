// SPDX-License-Identifier: MIT
// Commands that take effect together: those of EXEC, or one whose effect follows from what its keys are.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "client_state.hpp"
#include "command.hpp"
#include "key_view.hpp"
#include "task.hpp"

namespace tenon::api_resp {

// One transaction of the node does it all. When a command must have seen its keys, they are read first, what is to be
// done is computed here, and the transaction takes effect only while those keys are as they were; else they are read
// anew. WATCH is the same compare, but it ends the matter.
class TransactionTask final : public Task {
 public:
  enum class Form {
    kCommand,  // one command: its own reply
    kExec,     // an array of replies, or null when a watched key has changed
  };
  using Watched = std::map<std::string, std::uint64_t, std::less<>>;

  // `kept_bytes`: about what the commands and the watched keys take.
  TransactionTask(Service& service, Client& client, Form form, std::vector<QueuedCommand> commands, Watched watched,
                  std::uint64_t kept_bytes);

  void begin() override;
  std::uint64_t kept_bytes() const noexcept override { return kept_bytes_ + view_.value_bytes(); }

 protected:
  void advance(const tenon_completion& completion) override;
  // A message that could not be sent is told in its place: the transaction has taken effect without it.
  void fail(const tenon_completion& completion) override;
  bool decides_writes() const noexcept override;

 private:
  enum class Stage { kReading, kWriting, kPublishing };
  enum class Source { kResults, kText, kImmediate, kPublish };
  // Where the reply of a command comes from.
  struct Part {
    Source source = Source::kText;
    ReplyShape shape;
    std::size_t first_result = 0;
    std::size_t result_count = 0;
    std::string text;
  };

  // Whether the commands can be said without having seen a key.
  bool find_keys();
  void add_reads(std::vector<tenon_operation>& operations);
  void read();
  void see(const tenon_completion& completion);
  bool watched_keys_have_changed() const;
  // Makes the operations of all commands, and asks for them to be done.
  void write();
  void make_part(const QueuedCommand& command, std::vector<tenon_operation>& operations);
  std::vector<tenon_compare> compares();
  void ask_for(const std::vector<tenon_operation>& operations);
  void collect(const tenon_completion* completion);
  void publish_next();
  void end_with_null();
  void end_with_replies();

  const Form form_;
  const std::vector<QueuedCommand> commands_;
  const Watched watched_;
  const std::uint64_t kept_bytes_;
  std::vector<std::string> keys_;  // that must be seen
  KeyView view_;
  bool needs_view_ = false;
  std::map<std::string, std::uint64_t, std::less<>> seen_revisions_;
  std::vector<Part> parts_;
  Stage stage_ = Stage::kReading;
  std::size_t published_ = 0;  // parts before this one have been published
  int attempts_ = 0;
};

// The words of a command, for those who take them as views.
std::vector<std::string_view> views_of(const std::vector<std::string>& words);

}  // namespace tenon::api_resp
