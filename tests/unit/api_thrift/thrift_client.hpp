// SPDX-License-Identifier: MIT
// The client that Thrift generates, and a node that answers it.
#pragma once

#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/protocol/TMultiplexedProtocol.h>
#include <thrift/transport/TBufferTransports.h>
#include <thrift/transport/TSocket.h>

#include "Cluster.h"
#include "Kv.h"
#include "plugin_fixture.hpp"
#include "support/catch.hpp"

namespace tenon::api_thrift {

struct Client {
  explicit Client(std::uint16_t port)
      : transport(std::make_shared<apache::thrift::transport::TFramedTransport>(
            std::make_shared<apache::thrift::transport::TSocket>("127.0.0.1", port))),
        binary(std::make_shared<apache::thrift::protocol::TBinaryProtocol>(transport)),
        kv(binary),
        kv_by_name(std::make_shared<apache::thrift::protocol::TMultiplexedProtocol>(binary, "Kv")),
        cluster(std::make_shared<apache::thrift::protocol::TMultiplexedProtocol>(binary, "Cluster")) {
    transport->open();
  }
  std::shared_ptr<apache::thrift::transport::TFramedTransport> transport;
  std::shared_ptr<apache::thrift::protocol::TBinaryProtocol> binary;
  thrift_api::KvClient kv;
  thrift_api::KvClient kv_by_name;
  thrift_api::ClusterClient cluster;
};

// A node that gives the same completion to every request and remembers the last one.
struct Answering {
  explicit Answering(ScriptedCompletion completion)
      : plugin([completion = std::move(completion)](const ScriptedRequest&) { return completion; }),
        client(plugin.port()) {}
  ScriptedRequest asked() { return plugin.node().wait_for_requests(1).back(); }

  RunningPlugin plugin;
  Client client;
};

template <class Call>
thrift_api::TenonError error_of_call(Call&& call) {
  try {
    call();
  } catch (const thrift_api::TenonError& error) {
    return error;
  }
  FAIL("the call did not fail");
  return {};
}

}  // namespace tenon::api_thrift
