// SPDX-License-Identifier: MIT
// A client that sends what a test wants, byte for byte, and reads answers without believing them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tenon::api_http {

struct Answer {
  int status = 0;
  std::string head;  // the status line and all fields, as they came
  std::string body;

  // The value of a field; empty when it is not there.
  std::string field(std::string_view name) const;
};

class HttpClient {
 public:
  // Connects to 127.0.0.1. A receive buffer size of 0 is the operating system's own choice.
  explicit HttpClient(std::uint16_t port, int receive_buffer = 0);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // False when the connection is broken.
  bool send(std::string_view bytes);
  // Sends without waiting; returns how much the operating system took, 0 when it takes nothing now.
  std::size_t send_some(std::string_view bytes);
  void shutdown_output();
  // A whole request with a Host; `more` are header fields, each with its CRLF.
  bool ask(std::string_view method, std::string_view target, std::string_view body = {}, std::string_view more = {});
  // The next answer, whose body ends where Content-Length says; nullopt when the connection ended or ten seconds
  // passed.
  std::optional<Answer> receive(bool has_body = true);
  // ask() and receive().
  Answer call(std::string_view method, std::string_view target, std::string_view body = {}, std::string_view more = {});
  // What comes until `end` is in it, with it; fewer when the connection ended or ten seconds passed.
  std::string receive_until(std::string_view end);
  // Reads to the end; false when it did not come within ten seconds.
  bool ended();

 private:
  bool receive_some();
  int socket_;
  std::string input_;
};

}  // namespace tenon::api_http
