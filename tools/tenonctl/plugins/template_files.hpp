// SPDX-License-Identifier: MIT
// The files of the plugin template, as they were when this program was built.
#pragma once

#include <span>
#include <string_view>

namespace tenon::tenonctl {

struct TemplateFile {
  std::string_view path;  // relative
  std::string_view content;
};
std::span<const TemplateFile> template_files();

}  // namespace tenon::tenonctl
