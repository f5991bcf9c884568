// SPDX-License-Identifier: MIT
// What a child is doing, in a file that both it and its parent map: when the child dies or hangs, the parent can say
// which function of the plugin was under way, or what was waited for.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace tenon::plugin_check {

// The words of values.h, as far as the host must keep them.
enum class ThreadWord { setup, core, worker };

class Progress {
 public:
  // Makes the file. Throws std::runtime_error when it cannot be made or mapped.
  explicit Progress(const std::filesystem::path& file);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  // Says whether a call of this kind is under way on this thread. Any thread.
  bool is_in(ThreadWord word) const;

  // What was under way last; empty: nothing, or there is no such file.
  static std::string read(const std::filesystem::path& file);

  // A step that is under way while the object lives. Steps of several threads, and steps within steps, are all shown.
  class Step {
   public:
    Step(Progress& progress, std::string_view text, std::optional<ThreadWord> word = std::nullopt);
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;
    ~Step();

   private:
    Progress& progress_;
    const std::uint64_t number_;
  };

 private:
  struct UnderWay {
    std::string text;
    std::optional<ThreadWord> word;
    std::thread::id thread;
  };

  std::uint64_t begin(std::string_view text, std::optional<ThreadWord> word);
  void end(std::uint64_t number);
  void show();

  mutable std::mutex mutex_;
  std::map<std::uint64_t, UnderWay> steps_;  // by number, so in the order in which they began
  std::uint64_t last_number_ = 0;
  char* page_ = nullptr;
};

}  // namespace tenon::plugin_check
