// SPDX-License-Identifier: MIT
#include "raw_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace tenon::api_thrift {

std::string big_endian(std::uint32_t value, int bytes) {
  std::string made;
  for (int i = bytes - 1; i >= 0; --i) made.push_back(static_cast<char>(value >> (8 * i) & 0xff));
  return made;
}

std::string frame(std::string_view payload) {
  return big_endian(static_cast<std::uint32_t>(payload.size())) + std::string(payload);
}

std::string message_begin(std::string_view name, int type, std::uint32_t sequence) {
  return big_endian(0x80010000u | static_cast<std::uint32_t>(type)) + binary(name) + big_endian(sequence);
}

std::string field(char type, std::uint16_t id) { return std::string(1, type) + big_endian(id, 2); }

std::string binary(std::string_view value) {
  return big_endian(static_cast<std::uint32_t>(value.size())) + std::string(value);
}

namespace {
const std::string kStop(1, '\0');
}

std::string put_message(std::string_view key, std::string_view value, std::uint32_t sequence, int type) {
  return message_begin("put", type, sequence) + field(kStruct, 1) + field(kString, 1) + binary(key) +
         field(kString, 2) + binary(value) + kStop + kStop;
}

std::string get_message(std::string_view key, std::uint32_t sequence) {
  return message_begin("get", kCall, sequence) + field(kStruct, 1) + field(kString, 1) + binary(key) + kStop + kStop;
}

RawClient::RawClient() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (socket_ < 0) throw std::system_error(errno, std::generic_category(), "cannot make a socket for the plugin");
  const int yes = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  const timeval patience{10, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

RawClient::RawClient(std::uint16_t port, int receive_buffer) : RawClient() {
  if (receive_buffer != 0) ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  connect(port);
}

void RawClient::connect(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot connect to the plugin");
  }
}

RawClient::~RawClient() { ::close(socket_); }

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::size_t RawClient::send_some(std::string_view bytes) {
  const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent < 0 ? 0 : static_cast<std::size_t>(sent);
}

void RawClient::shutdown_output() { ::shutdown(socket_, SHUT_WR); }

bool RawClient::receive_exactly(char* to, std::size_t size) {
  while (size != 0) {
    const ssize_t received = ::recv(socket_, to, size, 0);
    if (received <= 0) return false;
    to += received;
    size -= static_cast<std::size_t>(received);
  }
  return true;
}

namespace {
std::uint32_t number_at(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char byte : bytes.substr(0, 4)) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}
}  // namespace

std::optional<std::string> RawClient::receive() {
  char length[4];
  if (!receive_exactly(length, sizeof length)) return std::nullopt;
  std::string payload(number_at({length, sizeof length}), '\0');
  if (!receive_exactly(payload.data(), payload.size())) return std::nullopt;
  return payload;
}

std::optional<Answer> RawClient::receive_answer() {
  const std::optional<std::string> payload = receive();
  if (!payload) return std::nullopt;
  const std::string_view bytes = *payload;
  const std::size_t name_size = number_at(bytes.substr(4));
  Answer answer;
  answer.type = static_cast<unsigned char>(bytes.at(3));
  answer.name = bytes.substr(8, name_size);
  answer.sequence = number_at(bytes.substr(8 + name_size));
  answer.body = bytes.substr(12 + name_size);
  return answer;
}

bool RawClient::ended() {
  char bytes[65536];
  for (;;) {
    const ssize_t received = ::recv(socket_, bytes, sizeof bytes, 0);
    if (received == 0) return true;
    if (received < 0) return errno == ECONNRESET || errno == EPIPE;
  }
}

}  // namespace tenon::api_thrift
