// SPDX-License-Identifier: MIT
#include "recorder/disk.hpp"

#include <algorithm>

namespace tenon::plugin_check {
namespace {

using Kind = Operation::Kind;

bool changes_names(const Operation& operation) {
  return operation.kind == Kind::create || operation.kind == Kind::make || operation.kind == Kind::link ||
         operation.kind == Kind::rename || operation.kind == Kind::remove;
}

bool is_name_in(const Operation& operation, Node directory) {
  return changes_names(operation) && (operation.place.directory == directory ||
                                      (operation.kind == Kind::rename && operation.target.directory == directory));
}

std::uint64_t below(std::uint64_t bound, std::mt19937_64& generator) { return bound == 0 ? 0 : generator() % bound; }

}  // namespace

std::string text_of(const Operation& operation) {
  const std::string node = std::to_string(operation.node);
  switch (operation.kind) {
    case Kind::create:
      return "create '" + operation.place.name + "', file " + node;
    case Kind::make:
      return "make the directory '" + operation.place.name + "', " + node;
    case Kind::link:
      return "link '" + operation.place.name + "' to file " + node;
    case Kind::rename:
      return "rename '" + operation.place.name + "' to '" + operation.target.name + "', " + node;
    case Kind::remove:
      return "remove '" + operation.place.name + "'";
    case Kind::write:
      return "write " + std::to_string(operation.length) + " bytes at " + std::to_string(operation.offset) +
             " of file " + node;
    case Kind::resize:
      return "make file " + node + " " + std::to_string(operation.length) + " bytes long";
    case Kind::sync:
      return "sync file " + node;
    case Kind::sync_names:
      return "sync directory " + node;
    case Kind::mark:
      return "mark " + std::to_string(operation.offset) + ": " + std::to_string(operation.length);
  }
  return {};
}

const char* text_of(Kept kept) {
  switch (kept) {
    case Kept::nothing:
      return "nothing that was not synced";
    case Kept::everything:
      return "everything";
    case Kept::prefix:
      return "the first of what was not synced";
    case Kept::torn_prefix:
      return "the first of what was not synced, the last write of it torn";
    case Kept::whole_some:
      return "some writes and names that were not synced";
    case Kept::sectors:
      return "some sectors and names that were not synced";
    case Kept::data_only:
      return "all bytes, and no name that was not synced";
  }
  return "";
}

void Disk::make(const Operation& operation) {
  if (operation.kind == Kind::mark) return;
  if (operation.kind != Kind::sync && operation.kind != Kind::sync_names) {
    if (operation.kind == Kind::make) directories_.insert(operation.node);
    unsynced_.push_back(&operation);
    return;
  }
  if (operation.kind == Kind::sync) {
    ever_synced_.insert(operation.node);
    synced_.files.try_emplace(operation.node);
  }
  const auto covered = [&](const Operation* made) {
    if (operation.kind == Kind::sync_names) return is_name_in(*made, operation.node);
    return !changes_names(*made) && made->node == operation.node;
  };
  for (const Operation* const made : unsynced_) {
    if (covered(made)) apply(*made, synced_);
  }
  unsynced_.erase(std::remove_if(unsynced_.begin(), unsynced_.end(), covered), unsynced_.end());
}

void Disk::apply(const Operation& operation, Remains& remains) {
  switch (operation.kind) {
    case Kind::create:
    case Kind::make:
    case Kind::link:
      remains.names[operation.place] = operation.node;
      break;
    case Kind::rename:
      remains.names.erase(operation.place);
      remains.names[operation.target] = operation.node;
      break;
    case Kind::remove:
      remains.names.erase(operation.place);
      break;
    case Kind::write:
      if (operation.bytes.empty()) {
        remains.files[operation.node].write_zeros(operation.offset, operation.length);
      } else {
        remains.files[operation.node].write(operation.offset, operation.bytes);
      }
      break;
    case Kind::resize:
      remains.files[operation.node].resize(operation.length);
      break;
    case Kind::sync:
    case Kind::sync_names:
    case Kind::mark:
      break;
  }
}

// A write of which only some sectors arrived: with torn_prefix the first of them, with sectors any.
void Disk::tear(const Operation& operation, Kept kept, std::mt19937_64& generator, Remains& remains) {
  SparseBytes& file = remains.files[operation.node];
  const std::uint64_t end = operation.offset + operation.length;
  const std::uint64_t cut = operation.offset + below(operation.length, generator);
  const bool longer = kept == Kept::sectors && below(2, generator) == 0;
  for (std::uint64_t start = operation.offset; start < end;) {
    const std::uint64_t next = std::min(end, (start / kSectorBytes + 1) * kSectorBytes);
    const bool arrives = kept == Kept::torn_prefix ? next <= cut : below(2, generator) == 0;
    if (arrives && operation.bytes.empty()) {
      file.write_zeros(start, next - start);
    } else if (arrives) {
      file.write(start, std::string_view(operation.bytes).substr(start - operation.offset, next - start));
    }
    start = next;
  }
  if (longer && file.size() < end) file.resize(end);
}

bool Disk::is_kept(Kept kept, const Operation& operation, std::size_t position, std::size_t end,
                   std::mt19937_64& generator) const {
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
      return below(2, generator) == 0;
    case Kept::data_only:
      return !changes_names(operation);
  }
  return false;
}

Contents Disk::cut(Kept kept, std::mt19937_64& generator) const {
  Remains remains = synced_;
  const auto end = static_cast<std::size_t>(below(unsynced_.size() + 1, generator));
  for (std::size_t position = 0; position < unsynced_.size(); ++position) {
    const Operation& operation = *unsynced_[position];
    const bool tears =
        operation.kind == Kind::write && (kept == Kept::sectors || (kept == Kept::torn_prefix && position == end));
    if (tears) {
      tear(operation, kept, generator, remains);
    } else if (is_kept(kept, operation, position, end, generator)) {
      apply(operation, remains);
    }
  }
  return contents_of(remains);
}

std::map<std::string, Node> Disk::paths_of(const Remains& remains) const {
  std::map<std::string, Node> paths;
  std::vector<std::pair<Node, std::string>> waiting = {{kRootNode, ""}};
  while (!waiting.empty()) {
    const auto [directory, path] = waiting.back();
    waiting.pop_back();
    for (auto name = remains.names.lower_bound({directory, ""});
         name != remains.names.end() && name->first.directory == directory; ++name) {
      paths[path + name->first.name] = name->second;
      if (directories_.count(name->second) != 0) waiting.emplace_back(name->second, path + name->first.name + "/");
    }
  }
  return paths;
}

Contents Disk::contents_of(const Remains& remains) const {
  Contents contents;
  for (const auto& [path, node] : paths_of(remains)) {
    if (directories_.count(node) != 0) {
      contents[path] = std::nullopt;
      continue;
    }
    const auto file = remains.files.find(node);
    contents[path] = file == remains.files.end() ? SparseBytes() : file->second;
  }
  return contents;
}

std::string Disk::difference(const std::filesystem::path& directory) const {
  Remains remains = synced_;
  for (const Operation* const operation : unsynced_) apply(*operation, remains);
  const std::map<std::string, Node> paths = paths_of(remains);
  const Contents contents = contents_of(remains);
  for (const auto& [path, content] : contents) {
    const std::filesystem::path file = directory / path;
    if (!content || ever_synced_.count(paths.at(path)) == 0) continue;
    if (!std::filesystem::is_regular_file(file)) return "'" + path + "' is not there any more";
    if (SparseBytes::load(file) != *content) return "'" + path + "' holds bytes that no recorded call wrote";
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    const std::string path = entry.path().lexically_relative(directory).string();
    if (contents.count(path) == 0) return "no recorded call made '" + path + "'";
  }
  return {};
}

void save(const Contents& contents, const std::filesystem::path& directory) {
  std::filesystem::remove_all(directory);
  std::filesystem::create_directory(directory);
  std::filesystem::permissions(directory, std::filesystem::perms::owner_all);
  for (const auto& [path, content] : contents) {  // in the order of paths, so a directory before what is in it
    if (content) {
      content->save(directory / path);
    } else {
      std::filesystem::create_directory(directory / path);
    }
  }
}

}  // namespace tenon::plugin_check
