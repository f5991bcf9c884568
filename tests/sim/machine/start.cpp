// SPDX-License-Identifier: MIT
// How a simulated machine starts from what its disks hold, and what they may hold.
#include <algorithm>
#include <utility>

#include "machine.hpp"
#include "tenon/bytes.hpp"
#include "wire/entry_data.hpp"
#include "wire/hard_state.hpp"

namespace tenon::sim {

void Machine::start() {
  TENON_CHECK(!is_running() && !is_lost_);
  ++life_;
  trace_.note("starts", id_.value());
  const auto drift =
      static_cast<std::int64_t>(random_.between(0, static_cast<std::uint64_t>(2 * options_.drift_per_million)));
  const milliseconds ahead(random_.between(0, 1'000'000));
  clock_.begin(events_.now(), ahead, drift - options_.drift_per_million);
  if (options_.drift_per_million > 0) trace_.count("clocks that drift");
  errors_at_start_ = log_trouble_.errors() + image_trouble_.errors();
  std::optional<node::Recovered> recovered;
  try {
    recovered = open_disks();
  } catch (const Error& error) {
    return not_started(error);
  }
  if (std::exchange(is_damaged_, false)) trace_.count("reached: damage that did no harm, or was mended");
  const raft::HardState& saved = recovered->raft.hard_state;
  if (saved.term < promised_.term || (saved.term == promised_.term && saved.voted_for != promised_.voted_for)) {
    trace_.count("reached: a term or a vote is lost with the power before it was saved");
  }
  errors_at_start_ = log_trouble_.errors() + image_trouble_.errors();
  node_.emplace(settings(), *std::move(recovered), raft::Random(random_.next()), node::StoragePort{&table_, this},
                static_cast<node::PeerPort&>(*this), static_cast<node::WorkPort&>(*this),
                static_cast<node::Surroundings&>(*this), now());
  network_.attach(id_, this);
  observer_.started(*this);
  run_soon();
}

// Where members change every node knows where it is reached itself, and the first ones where the others of them are.
node::Settings Machine::settings() const {
  node::Settings settings = options_.node;
  settings.raft.self = id_;
  settings.incarnation = incarnation_;
  settings.joins = joins_;
  if (options_.images_differ && id_.value() % 2 == 0) {
    settings.images.log_bytes = 0;
    settings.images.interval = Duration::zero();
  }
  if (options_.spares == 0) return settings;
  settings.peers[id_] = {Network::address_of(id_)};
  for (const raft::Member& member : members_.members) {
    const bool knows =
        !joins_ || (options_.spares_ask && member.id.value() == 1 + id_.value() % members_.members.size());
    if (knows) settings.peers[member.id] = {Network::address_of(member.id)};
  }
  return settings;
}

// Damage must be refused, and an error is one that was put there.
void Machine::not_started(const Error& error) {
  images_.reset();
  log_.reset();
  if (!had_errors()) throw Violation("recovery", "node " + std::to_string(id_.value()) + ": " + error.what());
  is_lost_ = error.code() == TENON_ERROR_CORRUPT;
  if (is_lost_) TENON_CHECK(is_damaged_);
  trace_.note(is_lost_ ? "refuses to start" : "fails to start", id_.value());
  trace_.count(is_lost_ ? "nodes that refuse to start on damage" : "starts that failed");
  if (!is_lost_) observer_.stopped(*this);
}

node::Recovered Machine::open_disks() {
  log_ = std::make_unique<filewal::FileLog>(disk_, filewal::FileLogOptions{filewal::kSegmentBytesMin},
                                            [this](std::uint32_t, std::string_view line) { note_recovery(line); });
  images_ = std::make_unique<filewal::ImageStore>(image_disk_, filewal::ImageStoreOptions{},
                                                  [](std::uint32_t, std::string_view) {});
  images_->recover();
  filewal::Recovered found = log_->open({options_.node.cluster_id, id_.value()});
  incarnation_ = found.incarnation;
  old_hard_state_ = disk_.durable("hard_state");
  raft::WriteSequence last_sequence;
  if (found.last_index == 0 && !joins_) {
    const node::Birth born = node::birth(members_);
    const tenon_entry entry{born.index.value(), born.term.value(), bytes(born.entry_data)};
    tenon_write write{};
    write.struct_size = sizeof write;
    write.sequence = 1;
    write.parts = TENON_WRITE_HARD_STATE | TENON_WRITE_ENTRIES;
    write.hard_state = bytes(born.hard_state);
    write.entries = &entry;
    write.entry_count = 1;
    durable_.clear();
    unsynced_.clear();
    perform_at_once(write);
    last_sequence = raft::WriteSequence(1);
    found.hard_state = born.hard_state;
    found.last_index = 1;
    has_begun_ = true;
  }
  return recover(found, last_sequence);
}

void Machine::perform_at_once(const tenon_write& write) {
  unsynced_.push_back(effect_of(write));
  log_->stage(write);
  log_->sync();
  make_durable(unsynced_.back());
  unsynced_.pop_back();
}

void Machine::note_recovery(std::string_view line) {
  if (line.find(".torn") != std::string_view::npos) trace_.count("reached: a torn tail is set aside");
  if (line.find("hard_state") != std::string_view::npos)
    trace_.count("reached: the hard state is mended from its other copy");
}

// As core/host does it at a start, without its threads.
node::Recovered Machine::recover(const filewal::Recovered& found, raft::WriteSequence& last_sequence) {
  std::optional<node::LoadedImage> image =
      node::load_newest_image({&table_, this}, options_.node.cluster_id, [](std::uint64_t, std::uint64_t) {});
  if (found.hard_state.empty() && (image || found.last_index > 0)) {
    throw Error(TENON_ERROR_CORRUPT, "there is a log or an image, and no hard state");
  }
  node::Boot boot(found.hard_state, options_.node.raft.log_cache_bytes_max, std::move(image));
  Terms terms;
  for (std::uint64_t next = found.first_index; next <= found.last_index && !boot.error();) {
    const auto read = log_->read(log_->plan_read(next, found.last_index + 1, 100'000));
    for (const tenon_entry& entry : read->entries) {
      boot.feed(raft::LogIndex(entry.index), raft::Term(entry.term), view(entry.data));
      terms.emplace_back(entry.term);
    }
    next += read->entries.size();
  }
  if (boot.error()) throw Error(TENON_ERROR_CORRUPT, *boot.error());
  check_recovered(found.first_index, terms);
  check_recovered(found.hard_state.empty() ? raft::HardState() : wire::decode_hard_state(found.hard_state).value());
  unsynced_.clear();
  if (const std::optional<raft::Write> reset = boot.reset(raft::LogIndex(found.last_index), last_sequence.next())) {
    trace_.count("logs emptied at a start");
    last_sequence = reset->sequence;
    tenon_write write{};
    write.struct_size = sizeof write;
    write.sequence = last_sequence.value();
    write.parts = TENON_WRITE_COMPACT_PREFIX;
    write.compact_to = reset->compact_to->value();
    if (reset->truncate_from) {
      write.parts |= TENON_WRITE_TRUNCATE_SUFFIX;
      write.truncate_from = reset->truncate_from->value();
    }
    perform_at_once(write);
  }
  std::optional<node::Recovered> recovered = boot.finish(last_sequence);
  if (!recovered) throw Error(TENON_ERROR_CORRUPT, *boot.error());
  started_with_ = recovered->raft.hard_state;
  return *std::move(recovered);
}

// What a crash leaves is the effect of every durable write, and of the others up to one of them, which may be cut
// between its parts and its entries.
void Machine::check_recovered(std::uint64_t first, const Terms& found) {
  const auto is_found = [&](const Terms& expected) {
    if (expected.size() != first + found.size() - 1) return false;
    return std::equal(found.begin(), found.end(), expected.begin() + static_cast<std::ptrdiff_t>(first - 1));
  };
  Terms expected = durable_;
  bool matches = is_found(expected);
  const auto try_next = [&] {
    matches = is_found(expected);
    return matches;
  };
  for (auto written = unsynced_.begin(); !matches && written != unsynced_.end(); ++written) {
    if (written->truncate_from) {
      expected.resize(*written->truncate_from - 1);
      if (try_next()) break;
    }
    for (auto entry = written->entries.begin(); !matches && entry != written->entries.end(); ++entry) {
      expected.push_back(entry->second);
      try_next();
    }
    if (!matches && written->compact_to > expected.size()) {
      expected.resize(written->compact_to);
      try_next();
    }
  }
  if (!matches) {
    throw Violation("storage", "node " + std::to_string(id_.value()) +
                                   " has recovered a log that no prefix of its writes has made, of " +
                                   std::to_string(found.size()) + " entries from index " + std::to_string(first));
  }
  // An image that was installed over entries of another leader left what looks as if these were merely compacted.
  for (const Written& written : unsynced_) {
    if (!written.truncate_from || written.compact_to + 1 != first) continue;
    for (std::uint64_t index = *written.truncate_from; index < first; ++index) expected.at(index - 1) = raft::Term();
  }
  durable_ = std::move(expected);
}

// I34: it is that of the last durable write that had one, or of a later one.
void Machine::check_recovered(const raft::HardState& found) {
  const bool is_later = std::any_of(unsynced_.begin(), unsynced_.end(),
                                    [&](const Written& written) { return written.hard_state == found; });
  if (found != durable_hard_state_ && !is_later) {
    throw Violation("hard-state", "node " + std::to_string(id_.value()) + " has recovered term " +
                                      std::to_string(found.term.value()) + ", and term " +
                                      std::to_string(durable_hard_state_.term.value()) + " is durable");
  }
  durable_hard_state_ = found;
}

Written effect_of(const tenon_write& write) {
  Written written;
  if ((write.parts & TENON_WRITE_TRUNCATE_SUFFIX) != 0) written.truncate_from = write.truncate_from;
  for (std::uint64_t i = 0; i < write.entry_count; ++i) {
    written.entries.emplace_back(write.entries[i].index, raft::Term(write.entries[i].term));
  }
  if ((write.parts & TENON_WRITE_COMPACT_PREFIX) != 0) written.compact_to = write.compact_to;
  if ((write.parts & TENON_WRITE_HARD_STATE) != 0) written.hard_state = wire::decode_hard_state(view(write.hard_state));
  return written;
}

void perform(const Written& written, Terms& terms) {
  if (written.truncate_from) terms.resize(*written.truncate_from - 1);
  for (const auto& [index, term] : written.entries) {
    TENON_CHECK(index == terms.size() + 1);
    terms.push_back(term);
  }
  if (written.compact_to > terms.size()) terms.resize(written.compact_to);
}

void Machine::make_durable(const Written& written) {
  perform(written, durable_);
  if (written.hard_state) durable_hard_state_ = *written.hard_state;
}

}  // namespace tenon::sim
