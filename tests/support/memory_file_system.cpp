// SPDX-License-Identifier: MIT
#include "support/memory_file_system.hpp"

#include <algorithm>
#include <set>

#include "tenon/check.hpp"
#include "tenon/host.hpp"

namespace tenon::support {
namespace {

void put(std::string& bytes, std::uint64_t offset, std::string_view piece) {
  if (bytes.size() < offset + piece.size()) bytes.resize(offset + piece.size());
  std::copy(piece.begin(), piece.end(), bytes.begin() + static_cast<std::ptrdiff_t>(offset));
}

void cut(std::string& bytes, std::uint64_t size) { bytes.resize(std::min<std::size_t>(bytes.size(), size)); }

}  // namespace

struct MemoryFileSystem::Node {
  struct Write {
    std::uint64_t offset;
    std::string bytes;
    bool truncates = false;  // to `offset` bytes, and writes nothing

    void perform(std::string& file) const { truncates ? cut(file, offset) : put(file, offset, bytes); }
  };
  std::string bytes;
  std::string durable;
  std::vector<Write> unsynced;
};

struct MemoryFileSystem::Epoch {
  bool over = false;
  std::set<std::string, std::less<>> locked;
};

class MemoryFileSystem::OpenFile final : public filewal::File {
 public:
  OpenFile(std::shared_ptr<Node> node, std::shared_ptr<Epoch> epoch)
      : node_(std::move(node)), epoch_(std::move(epoch)) {}

  std::uint64_t size() const override { return node().bytes.size(); }
  std::size_t read(std::uint64_t offset, std::span<char> buffer) const override {
    const std::string& bytes = node().bytes;
    if (offset >= bytes.size()) return 0;
    return bytes.copy(buffer.data(), buffer.size(), offset);
  }
  void write(std::uint64_t offset, std::span<const std::string_view> pieces) override {
    std::string joined;
    for (const std::string_view piece : pieces) joined.append(piece);
    put(node().bytes, offset, joined);
    node().unsynced.push_back({offset, std::move(joined)});
  }
  void zero_fill(std::uint64_t offset, std::uint64_t size) override {
    const std::string zeros(size, '\0');
    const std::string_view piece = zeros;
    write(offset, std::span(&piece, 1));
  }
  void truncate(std::uint64_t size) override {
    TENON_CHECK(size <= node().bytes.size());
    cut(node().bytes, size);
    node().unsynced.push_back({size, {}, true});
  }
  void sync() override {
    for (const Node::Write& write : node().unsynced) write.perform(node().durable);
    node().unsynced.clear();
  }

 private:
  Node& node() const {
    TENON_CHECK(!epoch_->over);
    return *node_;
  }

  const std::shared_ptr<Node> node_;
  const std::shared_ptr<Epoch> epoch_;
};

class MemoryFileSystem::HeldLock final : public filewal::FileLock {
 public:
  HeldLock(std::string name, std::shared_ptr<Epoch> epoch) : name_(std::move(name)), epoch_(std::move(epoch)) {}
  ~HeldLock() override { epoch_->locked.erase(name_); }

 private:
  const std::string name_;
  const std::shared_ptr<Epoch> epoch_;
};

MemoryFileSystem::MemoryFileSystem(std::uint64_t seed, std::uint64_t sector_bytes)
    : generator_(seed), sector_bytes_(sector_bytes), epoch_(std::make_shared<Epoch>()) {
  TENON_CHECK(sector_bytes > 0);
}

MemoryFileSystem::MemoryFileSystem(std::uint64_t seed, const Contents& contents) : MemoryFileSystem(seed) {
  for (const auto& [name, bytes] : contents) names_.emplace(name, std::make_shared<Node>(Node{bytes, bytes, {}}));
  durable_names_ = names_;
}

MemoryFileSystem::~MemoryFileSystem() = default;

std::string MemoryFileSystem::path(std::string_view name) const {
  return name.empty() ? "/memory" : "/memory/" + std::string(name);
}

std::vector<std::string> MemoryFileSystem::list() const {
  std::vector<std::string> names;
  for (const auto& [name, node] : names_) names.push_back(name);
  return names;
}

std::unique_ptr<filewal::File> MemoryFileSystem::open(std::string_view name, filewal::OpenMode mode) {
  if (mode == filewal::OpenMode::replace) {
    names_.insert_or_assign(std::string(name), std::make_shared<Node>());
    changed_names();
  }
  return std::make_unique<OpenFile>(find(name, "open"), epoch_);
}

void MemoryFileSystem::rename(std::string_view from, std::string_view to) {
  names_.insert_or_assign(std::string(to), find(from, "rename"));
  names_.erase(names_.find(from));
  changed_names();
}

void MemoryFileSystem::unlink(std::string_view name) {
  find(name, "unlink");
  names_.erase(names_.find(name));
  changed_names();
}

void MemoryFileSystem::sync_directory() {
  durable_names_ = names_;
  unsynced_names_.clear();
}

std::unique_ptr<filewal::FileLock> MemoryFileSystem::lock(std::string_view name) {
  if (names_.count(name) == 0) open(name, filewal::OpenMode::replace);
  if (!epoch_->locked.insert(std::string(name)).second) {
    throw Error(TENON_ERROR_BUSY, path({}) + ": another process has this data directory open");
  }
  return std::make_unique<HeldLock>(std::string(name), epoch_);
}

void MemoryFileSystem::random_bytes(std::span<std::uint8_t> output) {
  for (std::uint8_t& byte : output) byte = static_cast<std::uint8_t>(generator_());
}

void MemoryFileSystem::lose_power() {
  epoch_->over = true;
  epoch_ = std::make_shared<Epoch>();
  const std::size_t kept_changes = generator_() % (unsynced_names_.size() + 1);
  if (kept_changes > 0) durable_names_ = unsynced_names_[kept_changes - 1];
  names_ = durable_names_;
  unsynced_names_.clear();
  for (const auto& [name, node] : names_) lose_writes(*node);
}

void MemoryFileSystem::lose_writes(Node& node) {
  enum class Fate { all, none, sectors, count };
  for (const Node::Write& write : node.unsynced) {
    const auto fate = static_cast<Fate>(generator_() % static_cast<std::uint64_t>(Fate::count));
    if (write.truncates && fate == Fate::all) write.perform(node.durable);
    const std::uint64_t end = write.offset + write.bytes.size();
    for (std::uint64_t offset = write.offset; offset < end;) {
      const std::uint64_t sector_end = std::min(end, (offset / sector_bytes_ + 1) * sector_bytes_);
      const bool kept = fate == Fate::all || (fate == Fate::sectors && generator_() % 2 == 0);
      if (kept)
        put(node.durable, offset, std::string_view(write.bytes).substr(offset - write.offset, sector_end - offset));
      offset = sector_end;
    }
  }
  node.unsynced.clear();
  node.bytes = node.durable;
}

void MemoryFileSystem::forget_unsynced_writes() {
  for (const auto& [name, node] : names_) node->unsynced.clear();
}

MemoryFileSystem::Contents MemoryFileSystem::contents() const {
  Contents contents;
  for (const auto& [name, node] : names_) contents.emplace(name, node->bytes);
  return contents;
}

std::shared_ptr<MemoryFileSystem::Node> MemoryFileSystem::find(std::string_view name, const char* call) const {
  const auto found = names_.find(name);
  if (found == names_.end()) {
    throw Error(TENON_ERROR_IO, std::string(call) + " " + path(name) + ": No such file or directory");
  }
  return found->second;
}

void MemoryFileSystem::changed_names() { unsynced_names_.push_back(names_); }

}  // namespace tenon::support
