// SPDX-License-Identifier: MIT
#include "http_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "tenon/option.hpp"

namespace tenon::api_http {

namespace {
constexpr std::string_view kHeadEnd = "\r\n\r\n";
}

std::string Answer::field(std::string_view name) const {
  const std::string begin = "\r\n" + std::string(name) + ": ";
  const std::size_t at = head.find(begin);
  if (at == std::string::npos) return {};
  const std::size_t value = at + begin.size();
  return head.substr(value, head.find("\r\n", value) - value);
}

HttpClient::HttpClient(std::uint16_t port, int receive_buffer)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (socket_ < 0) throw std::runtime_error("no socket");
  timeval timeout{10, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  if (receive_buffer != 0) ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("cannot connect");
  }
}

HttpClient::~HttpClient() { ::close(socket_); }

bool HttpClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::size_t HttpClient::send_some(std::string_view bytes) {
  const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent < 0 ? 0 : static_cast<std::size_t>(sent);
}

void HttpClient::shutdown_output() { ::shutdown(socket_, SHUT_WR); }

bool HttpClient::ask(std::string_view method, std::string_view target, std::string_view body, std::string_view more) {
  std::string text = std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
  text.append(more);
  if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return send(text.append("\r\n").append(body));
}

bool HttpClient::receive_some() {
  std::array<char, 65536> room;
  const ssize_t count = ::recv(socket_, room.data(), room.size(), 0);
  if (count <= 0) return false;
  input_.append(room.data(), static_cast<std::size_t>(count));
  return true;
}

std::optional<Answer> HttpClient::receive(bool has_body) {
  std::size_t end = 0;
  while ((end = input_.find(kHeadEnd)) == std::string::npos) {
    if (!receive_some()) return std::nullopt;
  }
  Answer answer;
  answer.head = input_.substr(0, end + 2);
  input_.erase(0, end + kHeadEnd.size());
  answer.status = static_cast<int>(parse_integer(std::string_view(answer.head).substr(9, 3)).value_or(0));
  const auto length = parse_integer(answer.field("Content-Length")).value_or(0);
  if (!has_body || length == 0) return answer;
  while (input_.size() < static_cast<std::size_t>(length)) {
    if (!receive_some()) return std::nullopt;
  }
  answer.body = input_.substr(0, static_cast<std::size_t>(length));
  input_.erase(0, static_cast<std::size_t>(length));
  return answer;
}

Answer HttpClient::call(std::string_view method, std::string_view target, std::string_view body,
                        std::string_view more) {
  if (!ask(method, target, body, more)) return {};
  return receive(method != "HEAD").value_or(Answer{});
}

std::string HttpClient::receive_until(std::string_view end) {
  std::size_t found = 0;
  while ((found = input_.find(end)) == std::string::npos) {
    if (!receive_some()) break;
  }
  const std::size_t size = found == std::string::npos ? input_.size() : found + end.size();
  std::string taken = input_.substr(0, size);
  input_.erase(0, size);
  return taken;
}

bool HttpClient::ended() {
  std::array<char, 65536> room;
  ssize_t count = 0;
  while ((count = ::recv(socket_, room.data(), room.size(), 0)) > 0) {
  }
  return count == 0 || errno == ECONNRESET;
}

}  // namespace tenon::api_http
