// SPDX-License-Identifier: MIT
// Values of options that the manifest allows and that nobody would choose.
#include <string>
#include <vector>

#include "lifecycle/checks.hpp"
#include "lifecycle/role.hpp"
#include "plugin/options.hpp"
#include "runner/instance.hpp"

namespace tenon::plugin_check {
namespace {

std::vector<std::string> odd_values(const plugin::OptionDeclaration& option) {
  switch (option.type) {
    case plugin::OptionType::string:
      return {"", " ", ":", "no such thing", std::string(10'000, 'x'), "/dev/null", "\x01\xff", "%s%n"};
    case plugin::OptionType::choice:
      return option.choices;
    case plugin::OptionType::boolean:
      return {"yes", "no"};
    case plugin::OptionType::integer:
    case plugin::OptionType::size:
    case plugin::OptionType::duration:
      break;
  }
  std::vector<std::string> bounds;
  if (option.min) bounds.push_back(option.min->text);
  if (option.max) bounds.push_back(option.max->text);
  return bounds;
}

std::string shown(const std::string& value) {
  constexpr std::size_t kShown = 40;
  return "'" + value.substr(0, kShown) + (value.size() > kShown ? "..'" : "'");
}

// What a plugin may say to a value that fits the manifest: that it takes it, or, because of what only it can know, in
// words that it does not.
void expect_words(Subject& subject, const std::string& failure, const std::string& what) {
  subject.expect(failure.find("no reason given") == std::string::npos,
                 what + ": " + failure + "; expected words that tell an operator what to correct");
  subject.expect(failure.find("(INTERNAL)") == std::string::npos && failure.find("(not a listed") == std::string::npos,
                 what + ": " + failure + "; expected INVALID, or what the operating system said");
}

void check_options(Subject& subject) {
  for (const plugin::OptionDeclaration& option : subject.plugin().manifest.options) {
    for (const std::string& value : odd_values(option)) {
      if (plugin::find_fault(option, value)) continue;  // the host refuses it
      const std::string what = "the option " + option.name + " = " + shown(value);
      const Progress::Step step(subject.progress(), what);
      std::string failure;
      const auto instance =
          Instance::try_create(subject, subject.new_directory("data"), {{option.name, value}}, failure);
      if (instance == nullptr) {
        expect_words(subject, failure, what);
        continue;
      }
      // Only of texts the plugin may learn no sooner than now that it cannot use them; numbers may cost room and time.
      if (option.type == plugin::OptionType::string) {
        const auto role = Role::make(*instance);
        failure = role->try_start();
        if (failure.empty()) {
          role->stop();
        } else {
          expect_words(subject, failure, what);
        }
      }
      instance->destroy();
    }
  }
}

}  // namespace

Checks option_checks() {
  return {{"plugin.options",
           {},
           Suite::smoke,
           "every value that the manifest allows is taken, or refused in words (plugin.h: create)",
           std::chrono::seconds(60),
           check_options}};
}

}  // namespace tenon::plugin_check
