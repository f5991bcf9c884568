// SPDX-License-Identifier: MIT
#include "kept_reply.hpp"

#include "kv/command.hpp"
#include "kv/sessions.hpp"
#include "support/catch.hpp"
#include "tenon/client_api.h"

namespace tenon::kv {
namespace {

Reply reply_of(std::vector<Result> results) {
  Reply reply;
  reply.took_otherwise = true;
  reply.revision = 7;
  reply.cluster_time_ms = 8;
  reply.bytes = 9;
  reply.results = std::move(results);
  return reply;
}

// What a client can see of it.
std::string text(const Reply& reply) {
  std::string made = std::to_string(reply.took_otherwise) + " " + std::to_string(reply.results_forgotten) + " " +
                     std::to_string(reply.revision) + " " + std::to_string(reply.cluster_time_ms) + " " +
                     std::to_string(reply.bytes);
  for (const Result& result : reply.results) {
    made += " | " + std::to_string(result.error) + " " + std::to_string(result.number) + " " + result.cursor;
    for (const Record& record : result.records) {
      made += " (" + std::to_string(record.kind) + " " + record.key + " " + record.value + " " +
              std::to_string(record.created) + " " + std::to_string(record.modified) + " " +
              std::to_string(record.version) + " " + std::to_string(record.expires_at_ms) + ")";
    }
  }
  return made;
}

}  // namespace

TEST_CASE("a reply that is kept whole is read back as it was") {
  const Reply reply =
      reply_of({{TENON_OK, {}, 1, {}},
                {TENON_OK, {}, 1, {}},
                {TENON_OK, {{TENON_RECORD_PREVIOUS, "k", "v", 1, 2, 3, 4}, {1, "l", "", 1, 1, 1, 0}}, 1, {}},
                {TENON_OK, {{TENON_RECORD_PREVIOUS, "k", "v", 1, 2, 3, 4}}, 1, {}},
                {TENON_OK, {}, -1, "cursor"},
                {TENON_ERROR_WRONG_TYPE, {}, 0, {}}});
  const std::optional<Reply> kept = decode_kept(encode_kept(reply));
  REQUIRE(kept);
  CHECK(text(*kept) == text(reply));
}

TEST_CASE("a reply of which only the outcome is kept has no results, and says so") {
  const Reply reply = reply_of({{TENON_OK, {}, 1, {}}});
  const std::string outcome = encode_outcome(reply);
  CHECK(outcome.size() <= kKeptSmallBytesMax);
  const std::optional<Reply> kept = decode_kept(outcome);
  REQUIRE(kept);
  CHECK(text(*kept) == "1 1 7 8 0");
}

TEST_CASE("the reply to a put, and to a batch of them, is always small enough to be kept whole") {
  CHECK(encode_kept(reply_of({{TENON_OK, {}, 0, {}}})).size() <= kKeptSmallBytesMax);
  CHECK(encode_kept(reply_of(std::vector<Result>(kOperationKeysMax))).size() <= kKeptSmallBytesMax);
  const std::vector<Result> failed(kOperationKeysMax, Result{TENON_ERROR_WRONG_TYPE, {}, 0, {}});
  CHECK(encode_kept(reply_of(failed)).size() <= kKeptSmallBytesMax);
}

TEST_CASE("what is no kept reply is told from one") {
  const std::string whole =
      encode_kept(reply_of({{TENON_OK, {}, 1, {}}, {TENON_OK, {{1, "k", "v", 1, 2, 3, 4}}, 2, {}}}));
  for (std::size_t size = 0; size < whole.size(); ++size) CHECK_FALSE(decode_kept(whole.substr(0, size)));
  CHECK_FALSE(decode_kept(whole + "x"));
  CHECK_FALSE(decode_kept(encode_outcome(reply_of({})) + "x"));
  std::string many = encode_kept(reply_of(std::vector<Result>(kOperationKeysMax)));
  CHECK(decode_kept(many));
  const std::size_t run = 2 + 8 + 8 + 8 + 4;  // where the size of the first run stands
  ++many[run];
  CHECK_FALSE(decode_kept(many));
}

}  // namespace tenon::kv
