// SPDX-License-Identifier: MIT
// The one thing that a plugin made of the file storage does wrong. With none it is the storage as it should be.
#pragma once

namespace tenon::wrong {

enum class Sin {
  none,
  acknowledges_before_sync,
  reorders,
  forgets_the_directory,
  forgets_the_image,
  ignores_a_failed_image,
  retries_a_failed_sync,
  ignores_a_failed_write,
  ignores_a_short_write,
  throws,
  blocks_the_node,
  calls_after_close,
  leaks_a_thread,
  leaks_a_descriptor,
  grows_without_bound,
  loses_the_tail,
  answers_twice,
  looks_too_long,
  takes_any_directory,
  shares_the_directory,
  syncs_each_write,
  takes_signals,
  changes_the_locale,
  crashes,
};

// Of this plugin; sin.cpp has it.
extern const Sin kSin;
inline bool commits(Sin sin) { return sin == kSin; }

}  // namespace tenon::wrong
