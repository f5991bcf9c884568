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
    bool truncates = false;    // to `offset` bytes, and writes nothing
    std::uint64_t number = 0;  // among those of all files

    void perform(std::string& file) const { truncates ? cut(file, offset) : put(file, offset, bytes); }
  };
  std::string bytes;
  std::string durable;
  std::vector<Write> unsynced;
  std::uint64_t settled = 0;  // see settled_bytes()

  void sync() {
    if (unsynced.empty()) return;
    settled = durable.size();
    for (const Write& write : unsynced) settled = std::min<std::uint64_t>(settled, write.offset);
    for (const Write& write : unsynced) write.perform(durable);
    unsynced.clear();
  }
};

struct MemoryFileSystem::Epoch {
  bool over = false;
  std::set<std::string, std::less<>> locked;
};

// What goes wrong, shared with the files, which may outlive the file system.
struct MemoryFileSystem::Trouble {
  explicit Trouble(std::uint64_t seed) : generator(~seed) {}

  Faults faults;
  std::mt19937_64 generator;
  std::uint64_t last_write = 0;

  std::optional<tenon_error> ask(DiskCall call, std::string_view name) const {
    return faults ? faults(call, name) : std::nullopt;
  }
  [[noreturn]] static void fail(tenon_error error, const char* call, std::string_view name) {
    const char* why = error == TENON_ERROR_NO_SPACE ? ": No space left on device" : ": Input/output error";
    throw Error(error, std::string(call) + " /memory/" + std::string(name) + why);
  }
  void check(DiskCall call, const char* what, std::string_view name) const {
    if (const std::optional<tenon_error> error = ask(call, name)) fail(*error, what, name);
  }
};

class MemoryFileSystem::OpenFile final : public filewal::File {
 public:
  OpenFile(std::string name, std::shared_ptr<Node> node, std::shared_ptr<Epoch> epoch, std::shared_ptr<Trouble> trouble)
      : name_(std::move(name)), node_(std::move(node)), epoch_(std::move(epoch)), trouble_(std::move(trouble)) {}

  std::uint64_t size() const override { return node().bytes.size(); }
  std::size_t read(std::uint64_t offset, std::span<char> buffer) const override {
    const std::string& bytes = node().bytes;
    trouble_->check(DiskCall::read, "read", name_);
    if (offset >= bytes.size()) return 0;
    return bytes.copy(buffer.data(), buffer.size(), offset);
  }
  void write(std::uint64_t offset, std::span<const std::string_view> pieces) override {
    std::string joined;
    for (const std::string_view piece : pieces) joined.append(piece);
    const bool grows = offset + joined.size() > node().bytes.size();
    const std::optional<tenon_error> error = trouble_->ask(grows ? DiskCall::grow : DiskCall::write, name_);
    if (error) joined.resize(trouble_->generator() % (joined.size() + 1));
    put(node().bytes, offset, joined);
    node().unsynced.push_back({offset, std::move(joined), false, ++trouble_->last_write});
    if (error) Trouble::fail(*error, "write", name_);
  }
  void reserve(std::uint64_t size) override {
    const std::uint64_t end = node().bytes.size();
    if (end < size) zero_fill(end, size - end);
  }
  void zero_fill(std::uint64_t offset, std::uint64_t size) override {
    const std::string zeros(size, '\0');
    const std::string_view piece = zeros;
    write(offset, std::span(&piece, 1));
  }
  void truncate(std::uint64_t size) override {
    TENON_CHECK(size <= node().bytes.size());
    trouble_->check(DiskCall::write, "truncate", name_);
    cut(node().bytes, size);
    node().unsynced.push_back({size, {}, true, ++trouble_->last_write});
  }
  void sync() override {
    if (const std::optional<tenon_error> error = trouble_->ask(DiskCall::sync, name_)) {
      fail_sync();
      Trouble::fail(*error, "fdatasync", name_);
    }
    node().sync();
  }

 private:
  Node& node() const {
    TENON_CHECK(!epoch_->over);
    return *node_;
  }
  void fail_sync() {
    const bool forgets = trouble_->generator() % 2 == 0;
    for (const Node::Write& write : node().unsynced) {
      if (trouble_->generator() % 2 == 0) write.perform(node().durable);
    }
    if (forgets) node().unsynced.clear();
  }

  const std::string name_;
  const std::shared_ptr<Node> node_;
  const std::shared_ptr<Epoch> epoch_;
  const std::shared_ptr<Trouble> trouble_;
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
    : generator_(seed),
      trouble_(std::make_shared<Trouble>(seed)),
      sector_bytes_(sector_bytes),
      epoch_(std::make_shared<Epoch>()) {
  TENON_CHECK(sector_bytes > 0);
}

MemoryFileSystem::MemoryFileSystem(std::uint64_t seed, const Contents& contents) : MemoryFileSystem(seed) {
  for (const auto& [name, bytes] : contents)
    names_.emplace(name, std::make_shared<Node>(Node{bytes, bytes, {}, bytes.size()}));
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
    trouble_->check(DiskCall::names, "create", name);
    rename({std::string(name), std::make_shared<Node>(), {}});
  }
  return std::make_unique<OpenFile>(std::string(name), find(name, "open"), epoch_, trouble_);
}

void MemoryFileSystem::rename(std::string_view from, std::string_view to) {
  trouble_->check(DiskCall::names, "rename", from);
  rename({std::string(to), find(from, "rename"), std::string(from)});
}

void MemoryFileSystem::unlink(std::string_view name) {
  find(name, "unlink");
  trouble_->check(DiskCall::names, "unlink", name);
  rename({std::string(name), nullptr, {}});
}

void MemoryFileSystem::sync_directory() {
  trouble_->check(DiskCall::sync, "fsync", {});
  for (const Renaming& renaming : unsynced_names_) renaming.perform(durable_names_);
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

void MemoryFileSystem::set_faults(Faults faults) { trouble_->faults = std::move(faults); }

void MemoryFileSystem::lose_power(PowerLoss loss) {
  epoch_->over = true;
  epoch_ = std::make_shared<Epoch>();
  const bool keeps_nothing = loss.keeps == PowerLoss::Keeps::nothing;
  const std::size_t kept_changes = keeps_nothing ? 0 : generator_() % (unsynced_names_.size() + 1);
  for (std::size_t i = 0; i < kept_changes; ++i) unsynced_names_[i].perform(durable_names_);
  names_ = durable_names_;
  unsynced_names_.clear();
  if (loss.keeps == PowerLoss::Keeps::prefix) keep_prefix(loss.tears_sectors);
  for (const auto& [name, node] : names_) {
    if (loss.keeps == PowerLoss::Keeps::any) lose_writes(*node, loss.tears_sectors);
    node->unsynced.clear();
    node->bytes = node->durable;
  }
}

// Of all writes, in the order in which they were made, those before any one of them, and a part of that one.
void MemoryFileSystem::keep_prefix(bool tears_sectors) {
  std::map<std::uint64_t, std::pair<Node*, const Node::Write*>> writes;
  for (const auto& [name, node] : names_) {
    for (const Node::Write& write : node->unsynced) writes.emplace(write.number, std::pair(node.get(), &write));
  }
  std::size_t kept = generator_() % (writes.size() + 1);
  for (const auto& [number, place] : writes) {
    const auto& [node, write] = place;
    if (kept-- > 0) {
      write->perform(node->durable);
      continue;
    }
    if (write->truncates) return;
    const std::uint64_t size = generator_() % (write->bytes.size() + 1);
    const std::uint64_t sector_end = (write->offset + size) / sector_bytes_ * sector_bytes_;
    const std::uint64_t whole = sector_end > write->offset ? sector_end - write->offset : 0;
    put(node->durable, write->offset, std::string_view(write->bytes).substr(0, tears_sectors ? size : whole));
    return;
  }
}

void MemoryFileSystem::lose_writes(Node& node, bool tears_sectors) {
  enum class Fate { all, none, sectors, count };
  for (const Node::Write& write : node.unsynced) {
    const auto fate = static_cast<Fate>(generator_() % static_cast<std::uint64_t>(Fate::count));
    if (write.truncates && fate == Fate::all) write.perform(node.durable);
    const std::uint64_t end = write.offset + write.bytes.size();
    for (std::uint64_t offset = write.offset; offset < end;) {
      const std::uint64_t sector_end = std::min(end, (offset / sector_bytes_ + 1) * sector_bytes_);
      const bool kept = fate == Fate::all || (fate == Fate::sectors && generator_() % 2 == 0);
      const bool is_torn = kept && fate == Fate::sectors && tears_sectors && generator_() % 4 == 0;
      const std::uint64_t size = is_torn ? generator_() % (sector_end - offset) : sector_end - offset;
      if (kept) put(node.durable, offset, std::string_view(write.bytes).substr(offset - write.offset, size));
      offset = sector_end;
    }
  }
}

const std::string& MemoryFileSystem::durable(std::string_view name) const { return find(name, "open")->durable; }

std::uint64_t MemoryFileSystem::settled_bytes(std::string_view name) const { return find(name, "open")->settled; }

void MemoryFileSystem::damage(std::string_view name, std::uint64_t offset, std::string_view bytes) {
  Node& node = *find(name, "open");
  TENON_CHECK(offset + bytes.size() <= node.durable.size());
  put(node.durable, offset, bytes);
  if (offset + bytes.size() <= node.bytes.size()) put(node.bytes, offset, bytes);
}

void MemoryFileSystem::wipe() {
  TENON_CHECK(epoch_->locked.empty());
  names_.clear();
  durable_names_.clear();
  unsynced_names_.clear();
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

void MemoryFileSystem::rename(Renaming renaming) {
  renaming.perform(names_);
  unsynced_names_.push_back(std::move(renaming));
}

void MemoryFileSystem::Renaming::perform(Names& names) const {
  if (!lost_name.empty()) names.erase(lost_name);
  if (node) {
    names.insert_or_assign(name, node);
  } else {
    names.erase(name);
  }
}

}  // namespace tenon::support
