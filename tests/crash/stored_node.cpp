// SPDX-License-Identifier: MIT
#include "stored_node.hpp"

#include <stdexcept>
#include <utility>

#include "node/images/image_reading.hpp"
#include "tenon/bytes.hpp"
#include "tenon/host.hpp"
#include "tenon/storage.hpp"

namespace tenon::crash {
namespace {

const filewal::LoggerFunction kNoLines = [](std::uint32_t, std::string_view) {};

}  // namespace

StoredNode::StoredNode(filewal::FileSystem& log_disk, filewal::FileSystem& image_disk, const node::Settings& settings,
                       const raft::Membership& members, Told told)
    : settings_(settings),
      told_(std::move(told)),
      log_(log_disk, filewal::FileLogOptions{filewal::kSegmentBytesMin}, kNoLines),
      images_(image_disk, filewal::ImageStoreOptions{1'000}, kNoLines) {
  fill_table();
  images_.recover();
  told_.has_called_storage();
  filewal::Recovered found = log_.open({settings.cluster_id, settings.raft.self.value()});
  told_.has_called_storage();
  node::Recovered recovered = recover(members, found);
  node::Settings complete = settings;
  complete.incarnation = found.incarnation;
  node_.emplace(complete, std::move(recovered), raft::Random(settings.raft.self.value()),
                node::StoragePort{&table_, this}, static_cast<node::PeerPort&>(*this),
                static_cast<node::WorkPort&>(*this), static_cast<node::Surroundings&>(*this), now);
}

StoredNode::~StoredNode() {
  works_.clear();
  node_.reset();
}

void StoredNode::fill_table() noexcept {
  table_.struct_size = sizeof table_;
  table_.write = [](void* self, const tenon_write* write) { static_cast<StoredNode*>(self)->queue_.push_back(write); };
  table_.read_entries = [](void* self, std::uint64_t request, std::uint64_t first, std::uint64_t end,
                           std::uint64_t bytes_max) {
    static_cast<StoredNode*>(self)->queue_.push_back(Read{request, first, end, bytes_max});
  };
  table_.image_create = [](void* self, tenon_image* image, void** handle, tenon_detail* why) {
    return guard(why, [&] { *handle = static_cast<StoredNode*>(self)->images_.create(*image).release(); });
  };
  table_.image_open = [](void* self, tenon_image* image, void** handle, tenon_detail* why) {
    return guard(why, [&] {
      *handle = static_cast<StoredNode*>(self)->images_.open_newest(*image).release();
      if (*handle == nullptr) throw Error(TENON_ERROR_NOT_FOUND, "no image was ever committed");
    });
  };
  table_.image_write = kStorageTable.image_write;
  table_.image_commit = kStorageTable.image_commit;
  table_.image_read = kStorageTable.image_read;
  table_.image_close = kStorageTable.image_close;
}

void StoredNode::stage_and_sync(const tenon_write& write) {
  log_.stage(write);
  log_.sync();
  told_.has_called_storage();
}

node::Recovered StoredNode::recover(const raft::Membership& members, filewal::Recovered& found) {
  tenon_write write{};
  write.struct_size = sizeof write;
  if (found.last_index == 0) {
    const node::Birth born = node::birth(members);
    const tenon_entry entry{born.index.value(), born.term.value(), bytes(born.entry_data)};
    write.sequence = 1;
    write.parts = TENON_WRITE_HARD_STATE | TENON_WRITE_ENTRIES;
    write.hard_state = bytes(born.hard_state);
    write.entries = &entry;
    write.entry_count = 1;
    stage_and_sync(write);
    found.hard_state = born.hard_state;
    found.last_index = 1;
  }
  std::optional<node::LoadedImage> image =
      node::load_newest_image({&table_, this}, settings_.cluster_id, [](std::uint64_t, std::uint64_t) {});
  if (image) image_index_ = image->identity.index.value();
  node::Boot boot(found.hard_state, settings_.raft.log_cache_bytes_max, std::move(image));
  for (std::uint64_t next = found.first_index; next <= found.last_index && !boot.error();) {
    const auto read = log_.read(log_.plan_read(next, found.last_index + 1, 100'000));
    for (const tenon_entry& entry : read->entries) {
      boot.feed(raft::LogIndex(entry.index), raft::Term(entry.term), view(entry.data));
    }
    next += read->entries.size();
  }
  if (boot.error()) throw std::runtime_error(*boot.error());
  raft::WriteSequence last(write.sequence);
  if (const std::optional<raft::Write> reset = boot.reset(raft::LogIndex(found.last_index), last.next())) {
    was_reset_ = true;
    last = reset->sequence;
    tenon_write anew{};
    anew.struct_size = sizeof anew;
    anew.sequence = last.value();
    anew.parts = TENON_WRITE_COMPACT_PREFIX;
    anew.compact_to = reset->compact_to->value();
    if (reset->truncate_from) {
      anew.parts |= TENON_WRITE_TRUNCATE_SUFFIX;
      anew.truncate_from = reset->truncate_from->value();
    }
    stage_and_sync(anew);
  }
  std::optional<node::Recovered> recovered = boot.finish(last);
  if (!recovered) throw std::runtime_error(*boot.error());
  return *std::move(recovered);
}

std::size_t StoredNode::send(raft::NodeId peer, node::Lane, std::span<wire::OutgoingFrame> frames) {
  for (const wire::OutgoingFrame& frame : frames) {
    std::string whole = frame.head;
    for (const raft::Payload& part : frame.data) whole += part.bytes;
    told_.sent(peer, std::make_shared<const std::string>(std::move(whole)));
  }
  return frames.size();
}

void StoredNode::settle() {
  do {
    node_->run(now);
    told_.has_called_storage();
  } while (!failure_ && (do_one() || node_->next_deadline() == now.steady));
}

// A step of a worker before a write, and the other way round, so that both are cut at each other's steps.
bool StoredNode::do_one() {
  if (!works_.empty()) {
    work_one();
    if (queue_.empty()) return true;
  }
  if (queue_.empty()) return false;
  const Request request = queue_.front();
  queue_.pop_front();
  if (const auto* write = std::get_if<const tenon_write*>(&request)) {
    const std::uint64_t sequence = (*write)->sequence;
    stage_and_sync(**write);
    if (log_.spare_is_behind()) log_.prepare_spare();
    told_.has_called_storage();
    node_->on_durable(raft::WriteSequence(sequence));
  } else {
    const auto& read = std::get<Read>(request);
    const auto entries = log_.read(log_.plan_read(read.first, read.end, read.bytes_max));
    node_->on_entries_read(read.request, TENON_OK, entries->entries);
  }
  return true;
}

void StoredNode::work_one() {
  const bool has_more = works_.front()->step();
  told_.has_called_storage();
  if (has_more) return;
  std::unique_ptr<node::Work> work = std::move(works_.front());
  works_.pop_front();
  node_->on_work_done(std::move(work));
  told_.has_called_storage();
}

}  // namespace tenon::crash
