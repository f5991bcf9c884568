// SPDX-License-Identifier: MIT
#include "rows.hpp"

#include <algorithm>
#include <ostream>

#include "tenonctl/text.hpp"

namespace tenon::tenonctl {

void print_rows(std::ostream& output, Format format, const Row& headings, const std::vector<Row>& rows) {
  if (format == Format::kSimple) {
    for (const Row& row : rows) {
      for (std::size_t at = 0; at < row.size(); ++at) output << (at == 0 ? "" : "\t") << escaped(row[at]);
      output << "\n";
    }
    return;
  }
  std::vector<std::size_t> widths;
  for (const std::string& heading : headings) widths.push_back(heading.size());
  for (const Row& row : rows) {
    for (std::size_t at = 0; at < row.size(); ++at) widths[at] = std::max(widths[at], escaped(row[at]).size());
  }
  const auto print = [&](const Row& row) {
    std::string line;
    for (std::size_t at = 0; at < row.size(); ++at) {
      const std::string cell = escaped(row[at]);
      line += at + 1 == row.size() ? cell : cell + std::string(widths[at] - cell.size() + 2, ' ');
    }
    output << line << "\n";
  };
  print(headings);
  for (const Row& row : rows) print(row);
}

std::string json_text(const std::string& text) { return json_string(is_utf8(text) ? text : escaped(text)); }

std::string json_array(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ",") + json_text(text);
  return "[" + all + "]";
}

std::string json_object(const std::vector<Field>& fields) {
  std::string all;
  for (const Field& field : fields) all += (all.empty() ? "" : ",") + json_text(field.name) + ":" + field.json;
  return "{" + all + "}";
}

}  // namespace tenon::tenonctl
