// SPDX-License-Identifier: MIT
#include "disk_history.hpp"

#include <algorithm>

#include "tenon/check.hpp"

namespace tenon::crash {
namespace {

void put(std::string& bytes, std::uint64_t offset, std::string_view piece) {
  if (piece.empty()) return;
  if (bytes.size() < offset + piece.size()) bytes.resize(offset + piece.size());
  std::copy(piece.begin(), piece.end(), bytes.begin() + static_cast<std::ptrdiff_t>(offset));
}

std::uint64_t below(std::mt19937_64& generator, std::uint64_t bound) { return generator() % bound; }

// Keeps each sector of a write or not.
void put_sectors(std::string& bytes, const Call& write, std::mt19937_64& generator) {
  const std::uint64_t end = write.offset + write.bytes.size();
  for (std::uint64_t offset = write.offset; offset < end;) {
    const std::uint64_t sector_end =
        std::min(end, (offset / DiskHistory::kSectorBytes + 1) * DiskHistory::kSectorBytes);
    const auto piece = std::string_view(write.bytes).substr(offset - write.offset, sector_end - offset);
    if (below(generator, 2) == 0) put(bytes, offset, piece);
    offset = sector_end;
  }
}

}  // namespace

std::string text_of(const Call& call) {
  const std::string file = "file " + std::to_string(call.node);
  switch (call.kind) {
    case Call::Kind::create:
      return "create " + call.name + " as " + file;
    case Call::Kind::empty:
      return "empty " + file;
    case Call::Kind::write:
      return "write " + file + " at " + std::to_string(call.offset) + ": " + std::to_string(call.bytes.size()) +
             " bytes";
    case Call::Kind::truncate:
      return "truncate " + file + " to " + std::to_string(call.offset);
    case Call::Kind::sync:
      return "sync " + file;
    case Call::Kind::rename:
      return "rename " + call.name + " to " + call.new_name;
    case Call::Kind::unlink:
      return "unlink " + call.name;
    case Call::Kind::sync_directory:
      return "sync the directory";
  }
  TENON_CHECK(false);
}

const char* name_of(Kept kept) {
  switch (kept) {
    case Kept::nothing:
      return "nothing";
    case Kept::everything:
      return "everything";
    case Kept::prefix:
      return "a prefix";
    case Kept::torn_prefix:
      return "a prefix and a torn write";
    case Kept::whole_some:
      return "some, out of order";
    case Kept::sectors:
      return "some sectors";
  }
  TENON_CHECK(false);
}

// What is on the disk so far; each put or change is one that survives.
struct DiskHistory::Remains {
  std::map<Node, std::string> bytes;
  std::map<std::string, Node> names;

  void keep(const Call& call) {
    switch (call.kind) {
      case Call::Kind::create:
        names.insert_or_assign(call.name, call.node);
        return;
      case Call::Kind::empty:
        bytes[call.node].clear();
        return;
      case Call::Kind::write:
        put(bytes[call.node], call.offset, call.bytes);
        return;
      case Call::Kind::truncate:
        bytes[call.node].resize(std::min<std::size_t>(bytes[call.node].size(), call.offset));
        return;
      case Call::Kind::rename:
        names.insert_or_assign(call.new_name, call.node);
        if (const auto from = names.find(call.name); from != names.end() && from->second == call.node) {
          names.erase(from);
        }
        return;
      case Call::Kind::unlink:
        names.erase(call.name);
        return;
      case Call::Kind::sync:
      case Call::Kind::sync_directory:
        return;
    }
  }
  // The file's new length survives, and not its bytes.
  void lengthen(const Call& write) {
    std::string& file = bytes[write.node];
    file.resize(std::max<std::size_t>(file.size(), write.offset + write.bytes.size()));
  }
  Contents contents() const {
    Contents found;
    for (const auto& [name, node] : names) found.emplace(name, bytes.count(node) == 0 ? "" : bytes.at(node));
    return found;
  }
};

DiskHistory::DiskHistory(const Contents& start) {
  for (const auto& [name, bytes] : start) {
    const Node node = names_.size();
    names_.emplace(name, node);
    bytes_.emplace(node, bytes);
  }
}

void DiskHistory::make(const Call& call) {
  if (call.kind != Call::Kind::sync && call.kind != Call::Kind::sync_directory) {
    unsynced_.push_back(call);
    return;
  }
  Remains remains{std::move(bytes_), std::move(names_)};
  std::vector<Call> left;
  for (Call& earlier : unsynced_) {
    const bool is_covered = call.kind == Call::Kind::sync_directory
                                ? earlier.changes_names()
                                : !earlier.changes_names() && earlier.node == call.node;
    if (is_covered) {
      remains.keep(earlier);
    } else {
      left.push_back(std::move(earlier));
    }
  }
  unsynced_ = std::move(left);
  bytes_ = std::move(remains.bytes);
  names_ = std::move(remains.names);
}

bool DiskHistory::is_kept(Kept kept, std::size_t position, std::size_t end, std::mt19937_64& generator) const {
  switch (kept) {
    case Kept::nothing:
      return false;
    case Kept::everything:
      return true;
    case Kept::prefix:
    case Kept::torn_prefix:
      return position < end;
    case Kept::whole_some:
    case Kept::sectors:
      return below(generator, 2) == 0;
  }
  TENON_CHECK(false);
}

Contents DiskHistory::cut(Kept kept, std::mt19937_64& generator) const {
  Remains remains{bytes_, names_};
  // Of the prefix, which ends before the change at this position.
  const std::size_t end = below(generator, unsynced_.size() + 1);
  const bool lengths_survive = below(generator, 2) == 0;
  for (std::size_t position = 0; position < unsynced_.size(); ++position) {
    const Call& call = unsynced_[position];
    const bool writes = call.kind == Call::Kind::write;
    if (writes && kept == Kept::torn_prefix && position == end) {
      const auto size = static_cast<std::size_t>(below(generator, call.bytes.size() + 1));
      put(remains.bytes[call.node], call.offset, std::string_view(call.bytes).substr(0, size));
      if (lengths_survive) remains.lengthen(call);
    } else if (writes && kept == Kept::sectors && below(generator, 3) != 0) {
      put_sectors(remains.bytes[call.node], call, generator);
      if (lengths_survive) remains.lengthen(call);
    } else if (is_kept(kept, position, end, generator)) {
      remains.keep(call);
    } else if (writes && lengths_survive && kept != Kept::nothing) {
      remains.lengthen(call);
    }
  }
  return remains.contents();
}

class RecordingFileSystem::RecordedFile final : public filewal::File {
 public:
  RecordedFile(std::vector<Call>& calls, Node node, std::unique_ptr<filewal::File> file)
      : calls_(calls), node_(node), file_(std::move(file)) {}

  std::uint64_t size() const override { return file_->size(); }
  std::size_t read(std::uint64_t offset, std::span<char> buffer) const override { return file_->read(offset, buffer); }
  void write(std::uint64_t offset, std::span<const std::string_view> pieces) override {
    file_->write(offset, pieces);
    std::string joined;
    for (const std::string_view piece : pieces) joined += piece;
    calls_.push_back({.kind = Call::Kind::write, .node = node_, .offset = offset, .bytes = std::move(joined)});
  }
  void reserve(std::uint64_t size) override {
    const std::uint64_t end = file_->size();
    if (end < size) zero_fill(end, size - end);
  }
  void zero_fill(std::uint64_t offset, std::uint64_t size) override {
    const std::string zeros(static_cast<std::size_t>(size), '\0');
    const std::string_view piece = zeros;
    write(offset, std::span(&piece, 1));
  }
  void truncate(std::uint64_t size) override {
    file_->truncate(size);
    calls_.push_back({.kind = Call::Kind::truncate, .node = node_, .offset = size});
  }
  void sync() override {
    file_->sync();
    calls_.push_back({.kind = Call::Kind::sync, .node = node_});
  }

 private:
  std::vector<Call>& calls_;
  const Node node_;
  const std::unique_ptr<filewal::File> file_;
};

RecordingFileSystem::RecordingFileSystem(std::uint64_t seed, const Contents& start)
    : start_(start), disk_(seed, start), next_node_(start.size()) {
  for (const auto& [name, bytes] : start) names_.emplace(name, names_.size());
}

std::unique_ptr<filewal::File> RecordingFileSystem::open(std::string_view name, filewal::OpenMode mode) {
  std::unique_ptr<filewal::File> file = disk_.open(name, mode);
  if (mode == filewal::OpenMode::replace) create_or_empty(name);
  return std::make_unique<RecordedFile>(calls_, names_.find(name)->second, std::move(file));
}

void RecordingFileSystem::create_or_empty(std::string_view name) {
  const auto [place, is_new] = names_.emplace(name, next_node_);
  if (is_new) {
    calls_.push_back({.kind = Call::Kind::create, .node = next_node_++, .name = std::string(name)});
  } else {
    calls_.push_back({.kind = Call::Kind::empty, .node = place->second});
  }
}

void RecordingFileSystem::rename(std::string_view from, std::string_view to) {
  disk_.rename(from, to);
  const Node node = names_.find(from)->second;
  names_.erase(names_.find(from));
  names_.insert_or_assign(std::string(to), node);
  calls_.push_back({.kind = Call::Kind::rename, .node = node, .name = std::string(from), .new_name = std::string(to)});
}

void RecordingFileSystem::unlink(std::string_view name) {
  disk_.unlink(name);
  names_.erase(names_.find(name));
  calls_.push_back({.kind = Call::Kind::unlink, .name = std::string(name)});
}

void RecordingFileSystem::sync_directory() {
  disk_.sync_directory();
  calls_.push_back({.kind = Call::Kind::sync_directory});
}

std::unique_ptr<filewal::FileLock> RecordingFileSystem::lock(std::string_view name) {
  if (names_.count(name) == 0) create_or_empty(name);
  return disk_.lock(name);
}

}  // namespace tenon::crash
