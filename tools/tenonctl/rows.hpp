// SPDX-License-Identifier: MIT
// Rows of cells as a table with headings, or plain with a tabulator between cells; and texts as JSON.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "tenonctl/command_line.hpp"

namespace tenon::tenonctl {

using Row = std::vector<std::string>;

// Columns as wide as their widest cell; with kSimple neither columns nor headings. Cells may be anybody's words, so
// they are escaped. Needs: every row has as many cells as there are headings; not kJson.
void print_rows(std::ostream& output, Format format, const Row& headings, const std::vector<Row>& rows);

// Of text that should be UTF-8; should it not be, it is escaped rather than refused.
std::string json_text(const std::string& text);
std::string json_array(const std::vector<std::string>& texts);
struct Field {
  std::string name;
  std::string json;
};
std::string json_object(const std::vector<Field>& fields);

}  // namespace tenon::tenonctl
