// SPDX-License-Identifier: MIT
// A client that sends what a test wants, byte for byte.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tenon::api_thrift {

// Parts of messages in the binary protocol.
std::string big_endian(std::uint32_t value, int bytes = 4);
std::string frame(std::string_view payload);
inline constexpr int kCall = 1, kReply = 2, kException = 3, kOneway = 4;
inline constexpr char kString = 11, kStruct = 12, kMap = 13, kSet = 14, kList = 15;
std::string message_begin(std::string_view name, int type, std::uint32_t sequence);
std::string field(char type, std::uint16_t id);
std::string binary(std::string_view value);
// A whole message for put(key, value) and for get(key).
std::string put_message(std::string_view key, std::string_view value, std::uint32_t sequence, int type = kCall);
std::string get_message(std::string_view key, std::uint32_t sequence);

struct Answer {
  std::string name;
  int type;
  std::uint32_t sequence;
  std::string body;
};

class RawClient {
 public:
  // Has a socket, and is not connected yet.
  RawClient();
  // Connects to 127.0.0.1. A receive buffer size of 0 is the operating system's own choice.
  explicit RawClient(std::uint16_t port, int receive_buffer = 0);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void connect(std::uint16_t port);
  // False when the connection is broken.
  bool send(std::string_view bytes);
  // Sends without waiting; returns how much the operating system took, 0 when it takes nothing now.
  std::size_t send_some(std::string_view bytes);
  void shutdown_output();
  // The next frame; nullopt when the connection ended or ten seconds passed.
  std::optional<std::string> receive();
  std::optional<Answer> receive_answer();
  // Reads to the end; false when it did not come within ten seconds.
  bool ended();

 private:
  bool receive_exactly(char* to, std::size_t size);
  int socket_;
};

}  // namespace tenon::api_thrift
