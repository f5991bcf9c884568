// SPDX-License-Identifier: MIT
// Takes connections on a list of addresses and hands on those for which there is room.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/address.hpp"
#include "net/admission.hpp"

namespace tenon::net {

// All of it on the I/O thread, but for the constructor and destructor, which need that the thread does not run.
class Listener {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  // Takes over a connection. Its socket is non-blocking and sends without delay.
  using Accept = std::function<void(Socket, Admission::Ticket)>;
  // Is told, in one line for the operator, why a connection was not taken. May come at the rate of the connections.
  using Refuse = std::function<void(const std::string&)>;

  // Binds and listens on every address that the names resolve to; may block for that. The admission must outlive it.
  // Throws Error(IO) that names the address, and listens on none then.
  Listener(boost::asio::io_context& context, const std::vector<Address>& addresses, Admission& admission, Accept accept,
           Refuse refuse);

  // Begins to take connections. Needs: not started before.
  void start();
  // Stops listening. Harmless the second time.
  void close();

  // The addresses that it is bound to, as host:port, with the ports that were chosen for port 0.
  std::vector<std::string> local_addresses() const;

 private:
  // Lives as long as its handlers may run.
  struct Socketed {
    explicit Socketed(boost::asio::io_context& context) : acceptor(context), pause(context) {}
    boost::asio::ip::tcp::acceptor acceptor;
    boost::asio::steady_timer pause;
  };

  void bind(const boost::asio::ip::tcp::endpoint& endpoint);
  void accept_next(const std::shared_ptr<Socketed>& one);
  void take(Socket socket);
  void pause(const std::shared_ptr<Socketed>& one, const std::string& why);

  boost::asio::io_context& context_;
  Admission& admission_;
  const Accept accept_;
  const Refuse refuse_;
  std::vector<std::shared_ptr<Socketed>> listening_;
};

}  // namespace tenon::net
