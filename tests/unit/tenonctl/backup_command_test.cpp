// SPDX-License-Identifier: MIT
// A backup is the image that the node has, whatever happens to the connection, or there is no file.
#include <filesystem>
#include <fstream>

#include "image_bytes.hpp"
#include "shell.hpp"
#include "support/catch.hpp"

namespace tenon::tenonctl {
namespace {

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "tenonctl_backup.XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  std::string content(const std::string& name) const {
    std::ifstream stream(path_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  void write(const std::string& name, const std::string& content) const {
    std::ofstream(path_ / name, std::ios::binary) << content;
  }
  std::size_t count() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_), {}));
  }

 private:
  std::filesystem::path path_;
};

std::string image() {
  const std::string raw = wire::compressible(2000);
  return wire::encoded(wire::header_for(raw, 100), raw);
}

// A node with this image, and what happens to each request before the node sees it.
TestServer::Behaviour node_with(
    const std::string& stored, std::function<bool()> is_lost = [] { return false; }) {
  const auto service = std::make_shared<client::MapService>();
  service->keep_image(stored, 300);
  return [service, is_lost](std::string request) {
    if (is_lost()) return Answer{Answer::Kind::kClose, {}};
    return Answer{Answer::Kind::kReply, service->answer(std::move(request))};
  };
}

TEST_CASE("a backup is the node's image, byte by byte") {
  const Folder folder;
  Shell shell(node_with(image()));
  const Outcome done = shell({"backup", folder.file("b")});
  CHECK(done.code == kExitOk);
  CHECK(done.messages.empty());
  CHECK(done.output == folder.file("b") + "\torders\t258\t7\t" + std::to_string(image().size()) + "\n");
  CHECK(folder.content("b") == image());
  CHECK(folder.count() == 1);
  CHECK(shell({"-o", "json", "backup", folder.file("c")}).output.find("\"cluster_id\":\"orders\"") !=
        std::string::npos);
}

TEST_CASE("a backup goes on at its offset when the connection is lost") {
  const Folder folder;
  int requests = 0;
  Shell shell(node_with(image(), [&requests] { return ++requests > 6 && requests % 2 == 0; }));
  const Outcome done = shell({"backup", folder.file("b")});
  CAPTURE(done.messages);
  CHECK(done.code == kExitOk);
  CHECK(requests > 10);
  CHECK(folder.content("b") == image());
}

TEST_CASE("a node that is gone for good ends the backup, and leaves no file") {
  const Folder folder;
  int requests = 0;
  Shell shell(node_with(image(), [&requests] { return ++requests > 7; }));
  CHECK(shell({"--timeout", "200ms", "backup", folder.file("b")}).code == kExitNoConnection);
  CHECK(folder.count() == 0);
}

TEST_CASE("what is damaged or not whole when it comes is found, and leaves no file") {
  const Folder folder;
  std::string stored = image();
  std::string expected;
  SECTION("a flipped bit") {
    stored[700] = static_cast<char>(stored[700] ^ 1);
    expected = "what came is damaged: at offset";
  }
  SECTION("an image that ends too early") {
    stored.resize(stored.size() - 10);
    expected = "what came is not whole";
  }
  SECTION("something else than an image") {
    stored = std::string(1000, '\xff');
    expected = "at offset 0";
  }
  Shell shell(node_with(stored));
  const Outcome done = shell({"backup", folder.file("b")});
  CHECK(done.code == kExitError);
  CHECK(done.output.empty());
  CHECK(done.messages.find(expected) != std::string::npos);
  CHECK(folder.count() == 0);
}

TEST_CASE("nothing that exists is overwritten, and what an ended program has left is replaced") {
  const Folder folder;
  folder.write("b", "mine");
  folder.write("c.part", std::string(100'000, 'x'));
  Shell shell(node_with(image()));
  CHECK(shell({"backup", folder.file("b")}).messages.find("is there already") != std::string::npos);
  CHECK(folder.content("b") == "mine");
  CHECK(shell({"backup", folder.file("c")}).code == kExitOk);
  CHECK(folder.content("c") == image());
  CHECK(folder.count() == 2);
  CHECK(shell({"backup", folder.file("none/d")}).messages.find("No such file or directory") != std::string::npos);
}

TEST_CASE("an incremental backup is refused when the earlier one is not whole") {
  const Folder folder;
  folder.write("cut", image().substr(0, 500));
  folder.write("letter", "a letter");
  Shell shell(node_with(image()));
  for (const char* name : {"cut", "letter", "nowhere"}) {
    const Outcome refused = shell({"backup", "--since", folder.file(name), folder.file("b")});
    CHECK(refused.code == kExitError);
    CHECK(refused.messages.find(folder.file(name)) != std::string::npos);
  }
  CHECK(folder.count() == 2);
}

TEST_CASE("compact waits until the log is cut, and prints it before and after") {
  TestServer server(map_service());
  const std::string endpoint = server.endpoint().text();
  Shell shell;
  CHECK(shell({"--endpoints", endpoint, "compact"}).output == endpoint + "\t1\t13\t900\t0\n");
  const Outcome gone = shell({"--endpoints", endpoint + ",127.0.0.1:1", "compact"});
  CHECK(gone.code == kExitError);
  CHECK(gone.output == endpoint + "\t1\t13\t900\t0\n127.0.0.1:1\t-\t-\t-\t-\n");
  CHECK(shell({"--endpoints", "127.0.0.1:1", "compact"}).code == kExitNoConnection);
}

}  // namespace
}  // namespace tenon::tenonctl
