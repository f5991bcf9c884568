// SPDX-License-Identifier: MIT
// One attempt to connect to an address: looks its name up, then tries what the name stands for, one after the other.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/address.hpp"

namespace tenon::net {

// All of it on the I/O thread. A name is looked up on a thread of Asio's own, which all attempts of one event loop
// share: the operating system cannot be interrupted at it, so a name server that is silent delays the others, and the
// end of the event loop, until it gives up.
class Connector : public std::enable_shared_from_this<Connector> {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  // What came of it, once: a socket that is non-blocking and sends without delay, or why there is none.
  using Done = std::function<void(Socket, const std::string& failure)>;

  // Begins; `done` comes from the event loop. There is no time limit but the operating system's: cancel() ends it.
  static std::shared_ptr<Connector> connect(boost::asio::io_context& context, const Address& address, Done done);
  Connector(boost::asio::io_context& context, Done done);

  // Gives up. `done` does not come any more, and is destroyed. Harmless when it has come.
  void cancel();

 private:
  using Endpoint = boost::asio::ip::tcp::endpoint;

  void begin(const Address& address);
  void try_next();
  void finish(const std::string& failure);

  boost::asio::ip::tcp::resolver resolver_;
  Socket socket_;
  Done done_;  // empty when it has come or was given up
  std::vector<Endpoint> endpoints_;
  std::size_t tried_ = 0;
  std::string failure_ = "the name stands for no address";
};

}  // namespace tenon::net
