// SPDX-License-Identifier: MIT
#include "scripted_storage.hpp"
#include "support/catch.hpp"

namespace tenon::validation::test {
namespace {

const Lines kNone;

TEST_CASE("an option that is asked for outside of every SETUP call is found") {
  ScriptedStorageHost host;
  const tenon_host* const table = host.host.table();
  table->option(table, "name");
  host.open();
  host.plugin.on_close = [&] { table->option(table, "name"); };
  CHECK(host.recorder.take() == kNone);
  table->option(table, "name");
  CHECK(host.recorder.take() == Lines{"plugin thread tenon_host.option"});
  host.close();
  CHECK(host.recorder.take() == kNone);
}

TEST_CASE("a call with a copy of a table is found") {
  ScriptedStorageHost host;
  host.open();
  const tenon_storage_host of_storage = *host.plugin.host;
  of_storage.space(&of_storage, 0);
  const tenon_host of_plugin = *host.host.table();
  of_plugin.metric_record(&of_plugin, 0, 1);
  CHECK(host.recorder.take() == Lines{"plugin argument tenon_storage_host", "plugin argument tenon_host"});
  host.close();
}

TEST_CASE("a call after destroy is found, whatever the thread") {
  ScriptedStorageHost host;
  host.open();
  host.close();
  const tenon_host* const table = host.host.table();
  table->metric_record(table, 0, 1);
  CHECK(host.recorder.take() == kNone);
  host.subject.enter(Phase::destroyed);
  table->metric_record(table, 0, 1);
  host.plugin.durable(1);
  CHECK(host.recorder.take() ==
        Lines{"plugin state tenon_host.metric_record", "plugin state tenon_storage_host.durable"});
}

}  // namespace
}  // namespace tenon::validation::test
