// SPDX-License-Identifier: MIT
#include "log_reader.hpp"

#include <algorithm>

#include "format.hpp"
#include "segment_file.hpp"
#include "tenon/bytes.hpp"
#include "tenon/host.hpp"

namespace tenon::filewal {
namespace {

// Two records this close are read by one call, with what lies between them.
constexpr std::uint64_t kReadGapBytesMax = 4096;

// Needs: `record` begins with the record, all of it.
tenon_entry checked_entry(const SegmentFile& segment, std::uint64_t index, const EntryLocation& location,
                          std::string_view record) {
  const auto header = decode_header<RecordHeader>(record);
  const std::string_view payload = record.substr(sizeof header, location.size);
  const std::uint64_t offset = location.place.offset();
  if (header.checksum != header_checksum(header) || header.place != place_of(segment.salt, offset) ||
      header.index != index || header.payload_checksum != location.payload_checksum ||
      crc32c(payload) != location.payload_checksum) {
    throw Error(TENON_ERROR_CORRUPT, segment.path + " is damaged at offset " + std::to_string(offset) +
                                         ": the entry with index " + std::to_string(index) +
                                         " is not what was written");
  }
  return {index, header.term, bytes(payload)};
}

}  // namespace

std::unique_ptr<ReadEntries> read_entries(const ReadPlan& plan) {
  auto result = std::make_unique<ReadEntries>();
  const auto& locations = plan.locations;
  std::vector<std::size_t> positions;        // in the buffer, of each record
  std::vector<const SegmentFile*> segments;  // of each record
  auto segment = plan.segments.begin();
  for (std::size_t begin = 0; begin < locations.size();) {
    const std::uint64_t number = locations[begin].place.segment();
    while ((*segment)->number != number) ++segment;
    const std::size_t buffered = result->buffer.size();
    const std::uint64_t run_offset = locations[begin].place.offset();
    std::uint64_t run_end = run_offset;
    while (begin < locations.size() && locations[begin].place.segment() == number &&
           locations[begin].place.offset() - run_end <= kReadGapBytesMax) {
      positions.push_back(buffered + static_cast<std::size_t>(locations[begin].place.offset() - run_offset));
      segments.push_back(segment->get());
      run_end = locations[begin].place.offset() + record_bytes(locations[begin].size);
      ++begin;
    }
    result->buffer.resize(buffered + static_cast<std::size_t>(run_end - run_offset));
    const std::span<char> run = std::span(result->buffer).subspan(buffered);
    if ((*segment)->file->read(run_offset, run) != run.size()) {
      throw Error(TENON_ERROR_CORRUPT,
                  (*segment)->path + " ends before offset " + std::to_string(run_end) + ", which was written");
    }
  }
  const std::string_view buffer = result->buffer;
  result->entries.reserve(locations.size());
  for (std::size_t entry = 0; entry < locations.size(); ++entry) {
    result->entries.push_back(
        checked_entry(*segments[entry], plan.first + entry, locations[entry], buffer.substr(positions[entry])));
  }
  return result;
}

}  // namespace tenon::filewal
