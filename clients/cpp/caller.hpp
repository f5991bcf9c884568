// SPDX-License-Identifier: MIT
// One request at a time: chooses the endpoint, keeps the connection, and turns every failure into an error of
// tenon_client/error.hpp.
#pragma once

#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/transport/TBufferTransports.h>

#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "connection.hpp"
#include "tenon_client/client.hpp"

namespace tenon::client {

enum class Effect { kRead, kWrite };

using Protocol = std::shared_ptr<apache::thrift::protocol::TProtocol>;

// Reads an answer, with limits that follow from its size. Keeps: the frame, for the protocol's life.
Protocol reading(std::string& frame);

// The number that came over the wire. A newer node may send one for which the enumeration has no room, and to read it
// as an enumeration would be undefined.
template <class Enumeration>
int wire_number(const Enumeration& value) {
  int number = 0;
  static_assert(sizeof value == sizeof number);
  std::memcpy(&number, &value, sizeof number);
  return number;
}

ErrorCode to_code(int number);

class Caller {
 public:
  explicit Caller(Options options);

  // `encode` writes the request to a protocol; `decode` reads the answer from one, and throws what the answer says.
  // It may run once for each endpoint. A node may take `wait` for its answer beside the time of every request.
  void call(Effect effect, const std::function<void(const Protocol&)>& encode,
            const std::function<void(const Protocol&)>& decode, std::chrono::milliseconds wait = {});

  // The one that answered last, or that is asked next.
  const Endpoint& endpoint() const { return hinted_ ? *hinted_ : options_.endpoints[position_]; }
  // The next call begins at the next endpoint.
  void leave_endpoint();

 private:
  static constexpr int kHintsMax = 2;  // followed for one request

  bool attempt(Effect effect, const std::string& request, const std::function<void(const Protocol&)>& decode,
               std::string& failures);
  bool take_hint(const Refused& refusal);
  std::optional<std::string> exchange(Effect effect, const std::string& request, std::string& failures);
  bool decode_answer(Effect effect, std::string& answer, const std::function<void(const Protocol&)>& decode,
                     std::string& failures);
  void fail(Effect effect, const std::string& what, std::string& failures);

  Options options_;
  std::chrono::milliseconds wait_{0};  // of the call that is made
  std::size_t position_ = 0;           // < options_.endpoints.size()
  std::optional<Endpoint> hinted_;     // the leader, where a node said that it is
  std::unique_ptr<Connection> connection_;
};

}  // namespace tenon::client
