// SPDX-License-Identifier: MIT
#include "library.hpp"

#include <dlfcn.h>

#define BOOST_DLL_USE_STD_FS
#include <boost/dll/shared_library.hpp>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "plugin/refusal.hpp"
#include "tenon/check.hpp"

namespace tenon::plugin {
namespace {

#if defined(__x86_64__)
constexpr unsigned kMxcsrStatus = 0x3f;  // the exceptions that have happened; the other bits are settings
unsigned floating_point_settings() noexcept { return _mm_getcsr() & ~kMxcsrStatus; }
void set_floating_point_settings(unsigned settings) noexcept { _mm_setcsr(settings | (_mm_getcsr() & kMxcsrStatus)); }
#else
unsigned floating_point_settings() noexcept { return 0; }
void set_floating_point_settings(unsigned) noexcept {}
#endif

// A constructor that throws would unwind the dynamic linker; it ends the process here instead.
void open_library(boost::dll::shared_library& library, const std::filesystem::path& path,
                  std::error_code& error) noexcept {
  const auto never_unloaded = static_cast<boost::dll::load_mode::type>(RTLD_NODELETE);
  library.load(path, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local | never_unloaded, error);
}

Refusal refusal_of_linker(const std::filesystem::path& path) {
  const char* text = ::dlerror();
  std::string reason = text == nullptr ? "no reason given" : text;
  const std::string prefix = path.string() + ": ";
  if (reason.starts_with(prefix)) reason.erase(0, prefix.size());
  const bool undefined = reason.find("undefined symbol") != std::string::npos;
  return Refusal(
      undefined ? RefusalKind::undefined_symbol : RefusalKind::not_loadable,
      path.string() + (undefined ? ": has an undefined symbol: found " : ": cannot be loaded: found ") + reason +
          (undefined ? ", wanted every symbol to be in the plugin or in a library that it names. Install the "
                       "libraries it was built with, or build it with -Wl,-z,defs to see what is missing."
                     : ", wanted a library that the dynamic linker accepts. Install what it needs; `ldd` "
                       "shows what is missing."));
}

}  // namespace

const tenon_plugin* load_library(const std::filesystem::path& path, std::vector<std::string>& warnings) {
  TENON_CHECK(path.is_absolute());
  const unsigned settings = floating_point_settings();
  boost::dll::shared_library library;  // its end does not unload: RTLD_NODELETE
  std::error_code error;
  open_library(library, path, error);
  if (floating_point_settings() != settings) {
    set_floating_point_settings(settings);
    warnings.push_back(path.string() +
                       ": changed how this thread rounds or flushes floating point numbers while it was loaded; that "
                       "was undone. Its author should build it without -ffast-math.");
  }
  if (error) throw refusal_of_linker(path);
  if (!library.has("tenon_plugin_v1")) {
    throw Refusal(RefusalKind::not_a_plugin, path.string() +
                                                 ": is not a Tenon plugin: found a note but no exported "
                                                 "object, wanted the symbol tenon_plugin_v1. Its author has "
                                                 "to export it: its version script says which are.");
  }
  return &library.get<const tenon_plugin>("tenon_plugin_v1");
}

}  // namespace tenon::plugin
