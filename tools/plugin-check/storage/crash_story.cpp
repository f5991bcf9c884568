// SPDX-License-Identifier: MIT
#include "storage/crash_story.hpp"

#include <algorithm>

#include "recorder/disk.hpp"
#include "recorder/recorder.hpp"

namespace tenon::plugin_check {
namespace {

void mark(Mark kind, std::uint64_t number) { Recorder::instance().mark(static_cast<std::uint64_t>(kind), number); }

}  // namespace

CrashStory::CrashStory(Subject& subject, int writes) : subject_(subject), generator_(subject.generator(1)) {
  const std::filesystem::path directory = subject.new_directory("recorded");
  Recorder& recorder = Recorder::instance();
  recorder.start(directory);
  Store store(subject, directory);
  for (int opening = 0; opening < 2; ++opening) {
    store.open();
    mark(Mark::opened, 0);
    incarnation_ = store.incarnation();
    const std::uint64_t before = writes_.size();
    store.host().set_durable_observer([before](std::uint64_t sequence) { mark(Mark::durable, before + sequence); });
    write_some(store, writes / 4);
    commit_image(store);
    write_some(store, writes / 4);
    store.wait_durable();
    store.close();
  }
  recorder.stop();
  log_ = recorder.log();
  Disk disk;
  for (const Operation& operation : log_) disk.make(operation);
  const std::string gap = recorder.gap();
  const std::string unseen = gap.empty() ? disk.difference(directory) : gap;
  if (unseen.empty()) return;
  subject.skip("not proven: " + unseen +
               ". The recorder sees the C library's functions for files, but no mapping that is written to, no "
               "stdio, no io_uring and no system call made directly");
}

void CrashStory::write_some(Store& store, int count) {
  for (int write = 0; write < count; ++write) {
    writes_.push_back(generator_.next(model_));
    mark(Mark::given, writes_.size());
    store.write(writes_.back());
    if (generator_.below(3) == 0) store.wait_durable();
  }
}

void CrashStory::commit_image(Store& store) {
  const std::uint64_t index = std::max(model_.last(), images_.empty() ? 0 : images_.rbegin()->first) + 1;
  ImageId id{};
  id.fill(static_cast<std::uint8_t>(images_.size() + 1));
  std::string& content = images_[index];
  content = generator_.bytes(30'000);
  const auto image = store.create_image(id, index);
  for (std::size_t offset = 0; offset < content.size(); offset += 8192) {
    image->write(offset, content.substr(offset, 8192));
    write_some(store, 1);
  }
  mark(Mark::commit_begins, index);
  image->commit();
  mark(Mark::committed, index);
  image->close();
}

void CrashStory::learn(Knowledge& knowledge, const Operation& operation) {
  if (operation.kind != Operation::Kind::mark) return;
  switch (static_cast<Mark>(operation.offset)) {
    case Mark::opened:
      knowledge.born = true;
      break;
    case Mark::given:
      knowledge.given = operation.length;
      break;
    case Mark::durable:
      knowledge.acknowledged = std::max(knowledge.acknowledged, operation.length);
      break;
    case Mark::commit_begins:
      knowledge.begun_image = operation.length;
      break;
    case Mark::committed:
      knowledge.committed_image = operation.length;
      break;
  }
}

std::string CrashStory::judge(const std::filesystem::path& directory, const Knowledge& knowledge,
                              bool continues) const {
  Store store(subject_, directory);
  const std::optional<OpenFailure> failure = store.try_open();
  if (failure) return failure->text + "; expected what a power cut leaves to be opened";
  if (knowledge.born && store.incarnation() != incarnation_) {
    return "the directory has another incarnation than before the power cut; expected the same for all its life";
  }
  LogModel matched;
  std::string trouble = prefix_difference(store.read_log(), writes_, knowledge.acknowledged, knowledge.given, matched);
  if (trouble.empty()) trouble = judge_image(store, knowledge);
  if (!trouble.empty()) return trouble;
  if (continues) {
    WriteGenerator generator(subject_.generator(2));
    for (int write = 0; write < 3; ++write) {
      Write next = generator.entries(matched, 2, 100);
      next.hard_state = generator.bytes(20);
      matched.apply(next);
      store.write(next);
    }
    store.wait_durable();
    store.reopen();
    trouble = matched.difference(store.read_log());
    if (!trouble.empty()) return "written on after the power cut, and opened once more: " + trouble;
  }
  store.close();
  return {};
}

std::string CrashStory::judge_image(Store& store, const Knowledge& knowledge) const {
  tenon_error error = TENON_OK;
  std::string why;
  const auto image = store.try_open_image(error, why);
  if (image == nullptr) {
    const bool may_be_absent = knowledge.committed_image == 0 && error == TENON_ERROR_NOT_FOUND;
    return may_be_absent ? "" : why + "; expected the image of index " + std::to_string(knowledge.committed_image);
  }
  const std::uint64_t index = image->image().index;
  if (index < knowledge.committed_image || index > knowledge.begun_image) {
    return "image_open() found the image of index " + std::to_string(index) + "; expected from " +
           std::to_string(knowledge.committed_image) + " to " + std::to_string(knowledge.begun_image);
  }
  const bool same = image->read_all() == images_.at(index);
  image->close();
  return same ? "" : "the image of index " + std::to_string(index) + " holds other bytes than were committed";
}

std::string CrashStory::find_lie() const {
  std::map<std::uint64_t, std::size_t> given;  // by number of a write: its place in the log
  std::size_t last_sync = 0;
  std::uint64_t acknowledged = 0;
  for (std::size_t place = 0; place < log_.size(); ++place) {
    const Operation& operation = log_[place];
    if (operation.kind == Operation::Kind::sync) last_sync = place;
    if (operation.kind != Operation::Kind::mark) continue;
    if (static_cast<Mark>(operation.offset) == Mark::given) given[operation.length] = place;
    if (static_cast<Mark>(operation.offset) != Mark::durable) continue;
    // The newest write that it covers with something to keep: what it brought was on no disk before it came.
    for (std::uint64_t write = operation.length; write > acknowledged; --write) {
      const Write& covered = writes_[write - 1];
      if (covered.entries.empty() && !covered.hard_state) continue;
      if (last_sync > given.at(write)) break;
      return "durable() was called for write " + std::to_string(write) +
             ", and between that write and the call no file was synced; expected a sync before durable()";
    }
    acknowledged = std::max(acknowledged, operation.length);
  }
  return {};
}

}  // namespace tenon::plugin_check
