// SPDX-License-Identifier: MIT
#include <stdexcept>
#include <thread>

#include "scripted_storage.hpp"
#include "support/catch.hpp"

namespace tenon::validation::test {
namespace {

const Lines kNone;

std::vector<tenon_entry> entries(std::uint64_t first, std::uint64_t count) {
  std::vector<tenon_entry> made;
  for (std::uint64_t i = 0; i < count; ++i) made.push_back({first + i, 1, bytes("data")});
  return made;
}

struct Released {
  int times = 0;
  tenon_loan loan() {
    return {[](void* owner) { ++static_cast<Released*>(owner)->times; }, this};
  }
};

TEST_CASE("a storage and a host that keep the contract are not found fault with") {
  ScriptedStorageHost host;
  CHECK(host.open() == TENON_OK);
  host.plugin.on_write = [&](const tenon_write& write) { host.plugin.durable(write.sequence); };
  for (std::uint64_t i = 1; i <= 5; ++i) host.append(i);
  CHECK(host.durable == 5);
  host.read(1, 2, 5);
  Released released;
  host.plugin.answer(1, TENON_OK, entries(2, 3), released.loan());
  host.loans.at(0).release(host.loans.at(0).owner);
  CHECK(released.times == 1);
  host.commit_image(3);
  host.close();
  CHECK(host.recorder.text().empty());
}

TEST_CASE("a durable sequence that falls, or was not written, is found and not passed on") {
  ScriptedStorageHost host;
  host.open();
  for (std::uint64_t i = 1; i <= 5; ++i) host.append(i);
  host.plugin.durable(4);
  host.plugin.durable(4);
  CHECK(host.recorder.take() == kNone);
  host.plugin.durable(3);
  CHECK(host.recorder.text() ==
        "PLUGIN_MISBEHAVING tenon_storage_host.durable: found the sequence 3 after 4, expected one that does not fall "
        "[durable]\n");
  CHECK(host.recorder.take().size() == 1);
  host.plugin.durable(6);
  host.plugin.durable(0);
  CHECK(host.recorder.take() ==
        Lines{"plugin durable tenon_storage_host.durable", "plugin durable tenon_storage_host.durable"});
  CHECK(host.durable == 4);
  host.close();
}

TEST_CASE("a second failure and what is durable after a failure are found") {
  ScriptedStorageHost host;
  host.open();
  host.append(1);
  host.host.table()->failed(host.host.table(), TENON_ERROR_IO, "broken");
  CHECK(host.recorder.take() == kNone);
  host.plugin.durable(1);
  CHECK(host.recorder.take() == Lines{"plugin durable tenon_storage_host.durable"});
  host.host.table()->failed(host.host.table(), TENON_ERROR_IO, "broken again");
  CHECK(host.recorder.take() == Lines{"plugin failure tenon_host.failed"});
  CHECK(host.plugin_host.failure()->message == "broken");
  host.close();
}

TEST_CASE("writes that are not durable when the storage is closed are found, unless it has failed") {
  {
    ScriptedStorageHost host;
    host.open();
    for (std::uint64_t i = 1; i <= 3; ++i) host.append(i);
    host.plugin.durable(2);
    host.close();
    CHECK(host.recorder.take() == Lines{"plugin durable tenon_storage.close"});
  }
  ScriptedStorageHost failing;
  failing.open();
  failing.append(1);
  failing.host.table()->failed(failing.host.table(), TENON_ERROR_IO, "broken");
  failing.close();
  CHECK(failing.recorder.take() == kNone);
}

TEST_CASE("a read that is answered twice, never, or with something else is found") {
  ScriptedStorageHost host;
  host.open();
  for (std::uint64_t i = 1; i <= 5; ++i) host.append(i);
  host.read(1, 1, 3);
  host.plugin.answer(1, TENON_OK, entries(1, 2));
  Released again;
  host.plugin.answer(1, TENON_OK, entries(1, 2), again.loan());
  CHECK(host.recorder.take() == Lines{"plugin read tenon_storage_host.read_done"});
  CHECK(again.times == 1);
  CHECK(host.loans.size() == 1);
  for (const auto& wrong : {entries(1, 0), entries(1, 3), entries(2, 1)}) {
    host.read(2, 1, 3);
    host.plugin.answer(2, TENON_OK, wrong);
    CHECK(host.recorder.take() == Lines{"plugin read tenon_storage_host.read_done"});
  }
  host.read(3, 1, 3);
  host.plugin.answer(3, TENON_ERROR_CLOSED, {});
  CHECK(host.recorder.take() == Lines{"plugin read tenon_storage_host.read_done"});
  host.read(4, 1, 3);
  host.plugin.durable(5);
  host.close();
  CHECK(host.recorder.take() == Lines{"plugin read tenon_storage.close"});
}

TEST_CASE("a read outside of the log is found") {
  ScriptedStorageHost host;
  host.open();
  for (std::uint64_t i = 1; i <= 5; ++i) host.append(i);
  tenon_write compact{};
  compact.struct_size = sizeof compact;
  compact.sequence = 6;
  compact.parts = TENON_WRITE_COMPACT_PREFIX;
  compact.compact_to = 2;
  host.storage().write(host.self(), &compact);
  CHECK(host.recorder.take() == kNone);
  host.read(1, 2, 4);
  host.read(2, 3, 7);
  host.read(3, 3, 3);
  const std::string line = "host read tenon_storage.read_entries";
  CHECK(host.recorder.take() == Lines{line, line, line});
  for (const std::uint64_t request : {1u, 2u, 3u}) host.plugin.answer(request, TENON_ERROR_NOT_FOUND, {});
  host.close();
}

TEST_CASE("writes out of order, with gaps and of other parts are found") {
  ScriptedStorageHost host;
  host.open();
  host.append(1);
  host.append(3, 2);
  CHECK(host.recorder.take() == Lines{"host sequence tenon_storage.write"});
  host.append(4, 4);
  CHECK(host.recorder.text() ==
        "HOST_MISBEHAVING tenon_storage.write: found the entry 4 after a log [1, 3), expected the entry 3 "
        "[sequence]\n");
  host.recorder.take();
  tenon_write nothing{};
  nothing.struct_size = sizeof nothing;
  nothing.sequence = 5;
  host.storage().write(host.self(), &nothing);
  nothing.sequence = 6;
  nothing.parts = 64;
  host.storage().write(host.self(), &nothing);
  const std::string line = "host argument tenon_storage.write";
  CHECK(host.recorder.take() == Lines{line, line});
  host.close();
}

TEST_CASE("calls before open and after close are found and not passed on, on both sides") {
  ScriptedStorageHost host;
  host.append(1);
  CHECK(host.recorder.take() == Lines{"host state tenon_storage.write"});
  host.open();
  host.open();
  CHECK(host.recorder.take() == Lines{"host state tenon_storage.open"});
  host.append(1);
  host.plugin.durable(1);
  host.close();
  host.close();
  host.read(1, 1, 2);
  CHECK(host.recorder.take() == Lines{"host state tenon_storage.close", "host state tenon_storage.read_entries"});
  CHECK(host.plugin.reads.empty());
  host.durable = 0;
  host.plugin.durable(1);
  host.plugin.answer(1, TENON_OK, entries(1, 1));
  CHECK(host.recorder.take() ==
        Lines{"plugin state tenon_storage_host.durable", "plugin state tenon_storage_host.read_done"});
  CHECK(host.durable == 0);
}

TEST_CASE("a log that was recovered and cannot be one is found") {
  ScriptedStorageHost host;
  host.plugin.found.first_index = 9;
  host.plugin.found.last_index = 7;
  host.plugin.found.incarnation[0] = 0;
  host.open();
  CHECK(host.recorder.take() == Lines{"plugin argument tenon_storage.open", "plugin argument tenon_storage.open"});
  host.close();
}

TEST_CASE("what was recovered of the hard state is spoilt at the first write") {
  ScriptedStorageHost host;
  host.plugin.found.hard_state = bytes("state");
  host.open();
  CHECK(view(host.found.hard_state) == "state");
  host.append(1);
  CHECK(view(host.found.hard_state) == "\xee\xee\xee\xee\xee");
  host.close();
}

TEST_CASE("calls on the wrong thread are found") {
  ScriptedStorageHost host;
  std::thread([&] { host.open(); }).join();
  CHECK(host.recorder.take() == Lines{"host thread tenon_storage.open"});
  std::thread([&] {
    host.threads.enter_node();
    host.append(1);
    host.create_image(1);
  }).join();
  CHECK(host.recorder.take() == Lines{"host thread tenon_storage.image_create"});
  host.append(2);
  CHECK(host.recorder.take() == Lines{"host thread tenon_storage.write"});
  host.threads.leave_node();
  host.append(3);
  CHECK(host.recorder.take() == kNone);
  std::thread([&] {
    host.host.table()->option(host.host.table(), "x");
    host.host.table()->metric_create(host.host.table(), "x", "");
  }).join();
  CHECK(host.recorder.take() == Lines{"plugin thread tenon_host.option", "plugin thread tenon_host.metric_create",
                                      "plugin state tenon_host.metric_create"});
  host.plugin.durable(3);
  host.close();
  CHECK(host.recorder.take() == Lines{"host image tenon_storage.close"});
}

TEST_CASE("calls that overlap, and a call out of the host's own function, are found") {
  ScriptedStorageHost host;
  host.open();
  host.plugin.on_write = [&](const tenon_write& write) {
    if (write.sequence == 1) host.append(2);
  };
  host.append(1);
  CHECK(host.recorder.take() == Lines{"host overlap tenon_storage.write"});
  host.plugin.on_write = [](const tenon_write&) {};
  host.table.durable = [](const tenon_storage_host* of, std::uint64_t) {
    static_cast<ScriptedStorageHost*>(of->context)->append(3);
  };
  host.plugin.durable(1);
  CHECK(host.recorder.take() == Lines{"host reentry tenon_storage.write"});
  host.close();
}

TEST_CASE("a call that takes long is counted, and is a finding above the verdict") {
  ScriptedStorageHost host({std::chrono::microseconds(50), std::chrono::milliseconds(50)});
  host.open();
  host.plugin.on_write = [&](const tenon_write& write) {
    std::this_thread::sleep_for(std::chrono::milliseconds(write.sequence == 1 ? 1 : 60));
  };
  host.append(1);
  host.append(2);
  CHECK(host.recorder.slow_calls() == 2);
  const Lines found = host.recorder.take();
  CHECK(std::find(found.begin(), found.end(), "plugin budget tenon_storage.write") != found.end());
  host.close();
}

TEST_CASE("what is thrown across the waist is found and goes no further") {
  ScriptedStorageHost host;
  host.open();
  host.plugin.on_write = [](const tenon_write&) { throw 1; };
  host.append(1);
  CHECK(host.recorder.take() == Lines{"plugin exception tenon_storage.write"});
  host.plugin.on_write = [](const tenon_write&) { throw std::runtime_error("no room"); };
  host.append(2);
  CHECK(host.recorder.text() ==
        "PLUGIN_MISBEHAVING tenon_storage.write: found an exception, no room, expected a return: none crosses the "
        "waist [exception]\n");
  host.close();
}

TEST_CASE("a loan that is released twice or never is found") {
  Recorder recorder;
  Released released;
  {
    ScriptedStorageHost host;
    host.open();
    host.append(1);
    host.read(1, 1, 2);
    host.plugin.answer(1, TENON_OK, entries(1, 1), released.loan());
    host.loans.at(0).release(host.loans.at(0).owner);
    host.loans.at(0).release(host.loans.at(0).owner);
    CHECK(host.recorder.take() == Lines{"host loan tenon_loan.release"});
    CHECK(released.times == 1);
  }
  {
    Threads threads;
    Subject subject(threads, recorder);
    ScriptedStorage plugin;
    StorageTable validated(subject, plugin.table, &plugin);
    ScriptedStorageHost other;
    tenon_recovered found{sizeof(tenon_recovered), {}, 0, 0, {}};
    validated.table()->open(validated.self(), &other.table, &found, nullptr);
    plugin.found.last_index = 1;
    validated.table()->read_entries(validated.self(), 1, 1, 2, 100);
    CHECK(recorder.take() == Lines{"host read tenon_storage.read_entries"});
    plugin.answer(1, TENON_OK, entries(1, 1), released.loan());
    validated.table()->close(validated.self());
  }
  CHECK(recorder.take() == Lines{"host loan tenon_plugin.destroy"});
}

TEST_CASE("an instance that is destroyed while it is open is found") {
  Recorder recorder;
  {
    Threads threads;
    Subject subject(threads, recorder);
    ScriptedStorage plugin;
    ScriptedStorageHost other;
    const StorageTable validated(subject, plugin.table, &plugin);
    tenon_recovered found{sizeof(tenon_recovered), {}, 0, 0, {}};
    validated.table()->open(validated.self(), &other.table, &found, nullptr);
  }
  CHECK(recorder.take() == Lines{"host state tenon_plugin.destroy"});
}

}  // namespace
}  // namespace tenon::validation::test
