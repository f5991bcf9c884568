// SPDX-License-Identifier: MIT
// What a read may rest on, as clients say it.
#include "support/catch.hpp"
#include "thrift_client.hpp"

using namespace tenon::api_thrift;
namespace api = tenon::thrift_api;

namespace {

api::Operation get_of(const std::string& key) {
  api::GetRequest get;
  get.key = key;
  api::Operation operation;
  operation.__set_get(get);
  return operation;
}

}  // namespace

TEST_CASE("every read says what it may rest on, and a value that is not known is the strictest") {
  const auto asked = [](std::optional<int> consistency, std::optional<std::int64_t> max_age_ms) {
    Answering node({.revision = 5, .results = {{}}});
    api::GetRequest request;
    request.key = "k";
    if (consistency) request.__set_consistency(static_cast<api::Consistency::type>(*consistency));
    if (max_age_ms) request.__set_max_age_ms(*max_age_ms);
    api::GetReply reply;
    node.client.kv.get(reply, request);
    const ScriptedRequest got = node.asked();
    return std::pair(got.consistency, got.max_age_ms);
  };
  using Way = std::pair<std::uint32_t, std::uint64_t>;
  CHECK(asked({}, {}) == Way{TENON_READ_LINEARIZABLE, 0});
  CHECK(asked(api::Consistency::LINEARIZABLE, {}) == Way{TENON_READ_LINEARIZABLE, 0});
  CHECK(asked(api::Consistency::LEASE, {}) == Way{TENON_READ_LEASE, 0});
  CHECK(asked(api::Consistency::STALE, {}) == Way{TENON_READ_STALE, 0});
  CHECK(asked(api::Consistency::STALE, 70) == Way{TENON_READ_STALE, 70});
  CHECK(asked(api::Consistency::LOG, {}) == Way{TENON_READ_LOG, 0});
  CHECK(asked(99, {}) == Way{TENON_READ_LINEARIZABLE, 0});
}

TEST_CASE("several keys, a scan and a transaction say it too") {
  Answering many({.revision = 5, .results = {{}}});
  api::GetManyRequest get_many;
  get_many.keys = {"k"};
  get_many.__set_consistency(api::Consistency::LEASE);
  api::GetManyReply many_reply;
  many.client.kv.getMany(many_reply, get_many);
  CHECK(many.asked().consistency == TENON_READ_LEASE);
  Answering page({.revision = 5, .results = {{}}});
  api::ScanRequest scan;
  scan.__set_consistency(api::Consistency::STALE);
  scan.__set_max_age_ms(3);
  api::ScanReply scan_reply;
  page.client.kv.scan(scan_reply, scan);
  CHECK(page.asked().consistency == TENON_READ_STALE);
  CHECK(page.asked().max_age_ms == 3);
  Answering batch({.revision = 5, .results = {{}}});
  api::TransactionRequest transaction;
  transaction.operations = {get_of("k")};
  transaction.__set_consistency(api::Consistency::LOG);
  api::TransactionReply transaction_reply;
  batch.client.kv.transaction(transaction_reply, transaction);
  CHECK(batch.asked().consistency == TENON_READ_LOG);
}

TEST_CASE("a bound without STALE, of nothing, and a consistency within a transaction are refused without the node") {
  RunningPlugin plugin(at_once);
  Client client(plugin.port());
  api::GetRequest aged;
  aged.key = "k";
  aged.__set_max_age_ms(70);
  api::GetReply get_reply;
  CHECK(error_of_call([&] { client.kv.get(get_reply, aged); }).message ==
        "a read has max_age_ms and is not STALE; set consistency = STALE, or leave it out");
  aged.__set_consistency(api::Consistency::STALE);
  aged.__set_max_age_ms(0);
  CHECK(error_of_call([&] { client.kv.get(get_reply, aged); }).message ==
        "max_age_ms is 0; expected a positive number");
  api::TransactionReply reply;
  api::TransactionRequest with_inner;
  with_inner.operations = {get_of("k")};
  with_inner.operations[0].get.__set_consistency(api::Consistency::LEASE);
  CHECK(error_of_call([&] { client.kv.transaction(reply, with_inner); }).message ==
        "an operation of a transaction has a consistency; set that of the transaction");
  client.kv.allowReordering();
  CHECK(plugin.node().submits().empty());
}
