// SPDX-License-Identifier: MIT
// Runs a transcript: stanzas of one command and what it must cause, with a line of dashes between, and an empty line
// after. `transcript FILE` compares and says where they differ; `transcript --rewrite FILE` writes what it causes.
//
//   cluster N [joining=COUNT] [lease=MILLISECONDS] [NODE=TERM,TERM..]..    N voters; nodes behind them that know of
//                                     nobody and have no log; the drift that leases allow for, without it there are
//                                     none; the logs that they begin with. Comes first
//   elect NODE                        timeout and stabilize; only who leads is told
//   timeout NODE                      the clock goes to the node's deadline, which alone notices
//   advance-time MILLISECONDS         every deadline on the way is noticed
//   run MILLISECONDS                  and all that is under way arrives; only roles and removals are told
//   deliver|drop [from=NODE] [to=NODE] [kind=KIND] [skip=COUNT] [count=COUNT]
//   write-durable NODE [COUNT]        the oldest writes under way, all of them by default
//   stabilize                         until nothing is under way
//   crash NODE [COUNT]                the oldest COUNT writes under way survive, none by default
//   lose-unsynced NODE, fail-write NODE, restart NODE
//   propose NODE TEXT, read NODE [lease], transfer NODE TARGET, disconnected NODE PEER
//   pin NODE MEMBER NUMBER            proposes a membership in which MEMBER has the data directory NUMBER
//   add-learner|remove-learner NODE LEARNER, enter-joint NODE VOTER.., leave-joint NODE    propose a membership
//   image NODE INDEX                  the node takes an image of what it has committed up to there
//   compact NODE INDEX                its log begins behind that now
//   deliver-images NODE, drop-images NODE    those that are on their way to it
//   isolate NODE, heal
//   state, peers, log, members, under-way    what there is
//
// Lines that begin with # are kept as they are.
#include <charconv>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/raft_cluster.hpp"
#include "support/raft_text.hpp"

namespace tenon::scenarios {
namespace {

using raft::NodeId;
using support::RaftCluster;
using support::to_text;
using Words = std::vector<std::string>;

constexpr const char* kDashes = "----";

std::uint64_t number(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw std::runtime_error("found '" + text + "', wanted a number");
  }
  return value;
}

Words words_of(const std::string& line) {
  std::istringstream input(line);
  Words words;
  for (std::string word; input >> word;) words.push_back(word);
  return words;
}

class Runner {
 public:
  std::string run(const std::string& line) {
    words_ = words_of(line);
    const auto command = commands().find(words_.at(0));
    if (command == commands().end()) throw std::runtime_error("found '" + words_[0] + "', which is no command");
    output_.clear();
    (this->*command->second)();
    for (const std::string& one : cluster_ ? cluster_->take_lines() : Words()) output_ += one + "\n";
    return output_;
  }

 private:
  using Command = void (Runner::*)();
  static const std::map<std::string, Command>& commands() {
    static const std::map<std::string, Command> all = {{"cluster", &Runner::make_cluster},
                                                       {"elect", &Runner::elect},
                                                       {"timeout", &Runner::timeout},
                                                       {"advance-time", &Runner::advance_time},
                                                       {"run", &Runner::run_time},
                                                       {"deliver", &Runner::deliver},
                                                       {"drop", &Runner::drop},
                                                       {"write-durable", &Runner::write_durable},
                                                       {"stabilize", &Runner::stabilize},
                                                       {"crash", &Runner::crash},
                                                       {"lose-unsynced", &Runner::crash},
                                                       {"fail-write", &Runner::fail_write},
                                                       {"restart", &Runner::restart},
                                                       {"propose", &Runner::propose},
                                                       {"read", &Runner::read},
                                                       {"transfer", &Runner::transfer},
                                                       {"disconnected", &Runner::disconnected},
                                                       {"pin", &Runner::pin},
                                                       {"add-learner", &Runner::add_learner},
                                                       {"remove-learner", &Runner::remove_learner},
                                                       {"enter-joint", &Runner::enter_joint},
                                                       {"leave-joint", &Runner::leave_joint},
                                                       {"image", &Runner::image},
                                                       {"compact", &Runner::compact},
                                                       {"deliver-images", &Runner::deliver_images},
                                                       {"drop-images", &Runner::drop_images},
                                                       {"isolate", &Runner::isolate},
                                                       {"heal", &Runner::heal},
                                                       {"state", &Runner::state},
                                                       {"peers", &Runner::peers},
                                                       {"log", &Runner::log},
                                                       {"members", &Runner::members},
                                                       {"under-way", &Runner::under_way}};
    return all;
  }

  NodeId node(std::size_t word = 1) const { return NodeId(number(words_.at(word))); }
  void say(const std::string& line) { output_ += line + "\n"; }
  support::Selection selection() const {
    support::Selection which;
    for (std::size_t i = 1; i < words_.size(); ++i) {
      const std::size_t equals = words_[i].find('=');
      const std::string name = words_[i].substr(0, equals);
      const std::string value = equals == std::string::npos ? "" : words_[i].substr(equals + 1);
      if (name == "from") {
        which.from = NodeId(number(value));
      } else if (name == "to") {
        which.to = NodeId(number(value));
      } else if (name == "kind") {
        which.kind = value;
      } else if (name == "skip") {
        which.skip = number(value);
      } else if (name == "count") {
        which.count = number(value);
      } else {
        throw std::runtime_error("found '" + words_[i] + "', wanted from=, to=, kind=, skip= or count=");
      }
    }
    return which;
  }

  void make_cluster() {
    support::ClusterOptions options;
    options.voters = number(words_.at(1));
    for (std::size_t i = 2; i < words_.size(); ++i) {
      const std::size_t equals = words_[i].find('=');
      if (words_[i].substr(0, equals) == "lease") {
        options.settings.lease_drift = std::chrono::milliseconds(number(words_[i].substr(equals + 1)));
        continue;
      }
      if (words_[i].starts_with("joining=")) {
        options.joining = number(words_[i].substr(equals + 1));
        continue;
      }
      std::istringstream terms(words_[i].substr(equals + 1));
      std::vector<std::uint64_t>& log = options.logs[NodeId(number(words_[i].substr(0, equals)))];
      for (std::string term; std::getline(terms, term, ',');) log.push_back(number(term));
    }
    cluster_.emplace(std::move(options));
  }
  void elect() {
    cluster_->elect(node());
    for (const std::string& line : cluster_->take_lines()) {
      if (line.find(" leader in term ") != std::string::npos) say(line);
    }
  }
  void timeout() { cluster_->timeout(node()); }
  void advance_time() { cluster_->advance(std::chrono::milliseconds(number(words_.at(1)))); }
  void run_time() {
    cluster_->run(std::chrono::milliseconds(number(words_.at(1))));
    for (const std::string& line : cluster_->take_lines()) {
      const auto has = [&](const char* words) { return line.find(words) != std::string::npos; };
      if (has(" in term ") || has(" knows ")) say(line);
    }
  }
  void deliver() {
    if (cluster_->deliver(selection()) == 0) say("nothing of that is under way");
  }
  void drop() { say("drops " + std::to_string(cluster_->drop(selection()))); }
  void write_durable() {
    const std::size_t count = words_.size() > 2 ? number(words_[2]) : static_cast<std::size_t>(-1);
    if (cluster_->write_durable(node(), count) == 0) say("nothing is being written");
  }
  void stabilize() { cluster_->stabilize(); }
  void crash() { cluster_->crash(node(), words_.size() > 2 ? number(words_[2]) : 0); }
  void fail_write() { cluster_->fail_write(node()); }
  void restart() { cluster_->restart(node()); }
  void propose() { cluster_->propose(node(), words_.at(2)); }
  void read() {
    const bool by_lease = words_.size() > 2 && words_[2] == "lease";
    cluster_->read(node(), by_lease ? raft::ReadProof::lease : raft::ReadProof::round);
  }
  void transfer() { cluster_->transfer(node(), node(2)); }
  void disconnected() { cluster_->disconnected(node(), node(2)); }
  raft::LogIndex index(std::size_t word = 2) const { return raft::LogIndex(number(words_.at(word))); }
  void pin() { cluster_->pin(node(), node(2), static_cast<std::uint8_t>(number(words_.at(3)))); }
  void add_learner() { cluster_->add_learner(node(), node(2)); }
  void remove_learner() { cluster_->remove_learner(node(), node(2)); }
  void enter_joint() {
    std::vector<NodeId> voters;
    for (std::size_t word = 2; word < words_.size(); ++word) voters.push_back(node(word));
    cluster_->enter_joint(node(), voters);
  }
  void leave_joint() { cluster_->leave_joint(node()); }
  void image() { cluster_->take_image(node(), index()); }
  void compact() { cluster_->compact(node(), index()); }
  void deliver_images() {
    if (cluster_->deliver_images(node()) == 0) say("no image is under way");
  }
  void drop_images() { say("drops " + std::to_string(cluster_->drop_images(node()))); }
  void isolate() { cluster_->isolate(node()); }
  void heal() { cluster_->heal(); }
  void state() {
    for (NodeId id(1); id.value() <= cluster_->size(); id = id.next()) {
      if (!cluster_->is_running(id)) {
        say(to_text(id) + " is stopped");
        continue;
      }
      const raft::Raft& core = cluster_->raft(id);
      say(to_text(id) + " " + std::string(to_text(core.role())) + " in term " + to_text(core.term()) + ", voted for " +
          to_text(core.hard_state().voted_for) + ", last " + to_text(core.log().last_index()) + ", durable " +
          to_text(core.log().durable_index()) + ", committed " + to_text(core.commit_index()));
    }
  }
  void log() {
    for (NodeId id(1); id.value() <= cluster_->size(); id = id.next()) {
      if (!cluster_->is_running(id)) {
        say(to_text(id) + " is stopped");
        continue;
      }
      const std::uint64_t begin = cluster_->raft(id).log().boundary().value();
      std::string line = to_text(id) + (begin == 0 ? "" : " (" + std::to_string(begin) + ")");
      const Words texts = cluster_->texts(id);
      const std::vector<std::uint64_t> terms = cluster_->terms(id);
      for (std::size_t i = 0; i < terms.size(); ++i) {
        line += " " + std::to_string(begin + i + 1) + "/" + std::to_string(terms[i]) + ":" + texts.at(i);
      }
      say(line);
    }
  }
  // Of every leader: what it knows of the others.
  void peers() {
    for (NodeId id(1); id.value() <= cluster_->size(); id = id.next()) {
      if (!cluster_->is_running(id)) continue;
      for (const raft::PeerStatus& peer : cluster_->raft(id).peers()) {
        say(to_text(id) + " knows " + to_text(peer.id) + ": " + std::string(to_text(peer.state)) + ", match " +
            to_text(peer.match_index) + ", next " + to_text(peer.next_index));
      }
    }
  }
  // Whose data directories are known, as of the last entry that says it.
  void members() {
    for (NodeId id(1); id.value() <= cluster_->size(); id = id.next()) {
      if (!cluster_->is_running(id)) continue;
      std::string line = to_text(id) + " as of " + to_text(cluster_->raft(id).log().membership_index()) + ":";
      say(line + " " + to_text(cluster_->raft(id).membership()));
    }
  }
  void under_way() {
    for (const support::InFlight& one : cluster_->under_way()) {
      say(to_text(one.from) + " to " + to_text(one.to) + ": " + to_text(one.message));
    }
    for (const support::ImageInFlight& one : cluster_->images_under_way()) {
      say(to_text(one.from) + " to " + to_text(one.to) + ": the image of " + to_text(one.image.index) + "/" +
          to_text(one.image.term));
    }
  }

  std::optional<RaftCluster> cluster_;
  Words words_;
  std::string output_;
};

struct Result {
  std::string rewritten;
  std::size_t differences = 0;
};

Result run(std::istream& input) {
  Runner runner;
  Result result;
  for (std::string line; std::getline(input, line);) {
    if (line.empty() || line.front() == '#') {
      result.rewritten += line + "\n";
      continue;
    }
    const std::string command = line;
    std::string expected;
    if (std::getline(input, line) && line != kDashes) {
      throw std::runtime_error("after '" + command + "' found '" + line + "', wanted " + kDashes);
    }
    while (std::getline(input, line) && !line.empty()) expected += line + "\n";
    const std::string found = runner.run(command);
    result.rewritten += command + "\n" + kDashes + "\n" + found + "\n";
    if (found == expected) continue;
    ++result.differences;
    std::cout << "after `" << command << "` wanted\n" << expected << "found\n" << found << "\n";
  }
  while (result.rewritten.ends_with("\n\n")) result.rewritten.pop_back();
  return result;
}

int main(Words arguments) {
  const bool rewrites = !arguments.empty() && arguments.front() == "--rewrite";
  if (rewrites) arguments.erase(arguments.begin());
  std::size_t failed = 0;
  for (const std::string& path : arguments) {
    std::ifstream input(path);
    if (!input) throw std::runtime_error(path + ": the file cannot be read");
    const Result result = run(input);
    if (rewrites) {
      std::ofstream(path) << result.rewritten;
    } else if (result.differences != 0) {
      ++failed;
      std::cout << path << ": " << result.differences << " stanzas differ\n";
    }
  }
  if (arguments.empty()) throw std::runtime_error("usage: transcript [--rewrite] FILE..");
  std::cout << arguments.size() << " transcripts, " << failed << " failed\n";
  return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace tenon::scenarios

int main(int argument_count, char** arguments) {
  try {
    return tenon::scenarios::main({arguments + 1, arguments + argument_count});
  } catch (const std::exception& error) {
    std::cout << "transcript: " << error.what() << "\n";
    return 1;
  }
}
