// SPDX-License-Identifier: MIT
// A node: inbox -> raft -> perform effects -> apply -> answer. No thread, no clock, no lock: whoever drives it hands in
// what happened and calls run(now), which does all that can be done at that time. The server drives it from one thread;
// a simulator drives many of them by itself.
//
// All functions: one thread at a time. None blocks, and none of them may be called from inside Surroundings or
// PeerPort.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kv/store.hpp"
#include "node/backup/image_readings.hpp"
#include "node/boot.hpp"
#include "node/channels.hpp"
#include "node/cluster_clock.hpp"
#include "node/forwarded_requests.hpp"
#include "node/images/images.hpp"
#include "node/kept_states.hpp"
#include "node/log_marks.hpp"
#include "node/members/member_duties.hpp"
#include "node/peer_links.hpp"
#include "node/peer_port.hpp"
#include "node/reads/state_age.hpp"
#include "node/requests.hpp"
#include "node/settings.hpp"
#include "node/state_comparison.hpp"
#include "node/status.hpp"
#include "node/storage_port.hpp"
#include "node/storage_writer.hpp"
#include "node/submission.hpp"
#include "node/surroundings.hpp"
#include "node/watches.hpp"
#include "node/work.hpp"
#include "raft/raft.hpp"
#include "wire/entry_data.hpp"

namespace tenon::node {

// The time, as whoever drives the node sees it.
struct Now {
  raft::Instant steady;       // never runs back
  std::uint64_t wall_ms = 0;  // since 1970; may jump
};

class Node {
 public:
  // Keeps: storage, peers, workers and surroundings, for its life. Needs: storage is open, and every write so far is
  // durable.
  Node(const Settings& settings, Recovered recovered, raft::Random random, StoragePort storage, PeerPort& peers,
       WorkPort& workers, Surroundings& surroundings, Now now);
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  // Takes a request. It is answered exactly once, perhaps at once; a watch is answered any number of times with a loan
  // before its last answer, which is REFUSED.
  void submit(Submission submission);
  // Ends a request soon: refused when it is surely not in the log, unknown otherwise. Ignores a token that is not
  // waiting.
  void cancel(Token token);
  // An answer of a watch has been used, and its loan comes back.
  void give_back(const StreamLoan& loan);
  // The queue is gone: nothing that reads for it goes on, and its watches end without an answer.
  void end_queue(std::uint64_t queue);
  // A frame has come from `peer`, as far as the transport knows. What is wrong with it is dropped and counted.
  void receive(raft::NodeId peer, const std::shared_ptr<const std::string>& frame);
  void on_lane(raft::NodeId peer, Lane lane, LaneEvent event);
  // An attempt to reach a peer has failed; `why` is for the operator.
  void on_dial_failed(raft::NodeId peer, const std::string& why) { members_.dial_failed(peer, why); }
  // Hands leadership to `target`, 0: to the voter whose log is the longest. Nothing happens on a node that does not
  // lead, nor when no voter can take it within an election timeout.
  void transfer_leadership(raft::NodeId target);
  // Storage has made every write up to `sequence` durable.
  void on_durable(raft::WriteSequence sequence);
  // Room for the log runs short, or is enough again. While it is short what makes the state grow is refused here, and
  // this node gives leadership up; it tries that again now and then.
  void on_space(bool is_short);
  // The answer to a read of the log. The entries are used during the call only.
  void on_entries_read(std::uint64_t request, tenon_error error, std::span<const tenon_entry> entries);

  // Work that this node began has made its last step.
  void on_work_done(std::unique_ptr<Work> work);
  // An operator wants an image of what is applied. Nothing happens while one is being taken or received.
  void take_image();
  // Takes a request of an operator's tool. It is answered exactly once, perhaps at once.
  void ask(OperatorRequest request);

  // Ends every handle on an image, on the thread that calls; nothing else is called from now on. Needs: no work is
  // under way.
  void close_images() noexcept;

  // Does all that can be done now. Needs: time never runs back.
  void run(Now now);
  // When run() is wanted at the latest without any other event; nullopt: nothing waits for time. May be in the past,
  // when run() left work to keep itself short.
  std::optional<raft::Instant> next_deadline() const noexcept;

  // `before`: what it gave at another time, whose memory is used again.
  Status status(Status before = {}) const;
  raft::Term term() const noexcept { return raft_.term(); }
  // For checkers of a simulation.
  const raft::Raft& raft() const noexcept { return raft_; }
  const kv::Store& store() const noexcept { return store_; }

 private:
  struct ArrivedForward {
    raft::NodeId from;
    std::shared_ptr<const std::string> frame;  // that the commands are views of
    wire::Forward forward;
  };
  // What a read of the log is for: to be applied, for a peer that is behind, or for an operator's tool.
  using LogReader = std::variant<std::monostate, raft::NodeId, Token>;
  // What is known to be wrong with the state, and when the node fails, also if it leads still.
  struct OddState {
    std::string why;
    raft::Instant fails_at;
  };
  struct LogRead {
    LogReader reader;
    raft::LogIndex first;
    raft::Instant since;
  };

  void step(raft::Happening what);
  // In the order of durability: the write is on its way before anything else.
  void perform();
  void give_way_without_room();
  void propose_writes();
  void forward_writes();
  void begin_reads();
  void apply_committed();
  // False: the bytes are not an entry, and the node has failed.
  bool apply(raft::LogIndex index, std::string_view data);
  bool apply_commands(raft::LogIndex index, const wire::DecodedEntry& entry);
  bool look_ahead(std::span<const std::string_view> commands);
  void read_through_log(Token token);
  void apply_read(std::span<const tenon_entry> entries);
  void send_read(raft::NodeId peer, std::span<const tenon_entry> entries);
  std::optional<raft::Instant> applying_waits_since() const;
  void read_log(LogReader reader, raft::LogIndex first, raft::LogIndex end, std::uint64_t bytes_max);
  bool follows() const noexcept;
  void read_ready(const raft::ReadReady& ready);
  void read_rejected(const raft::Rejected& rejected);
  bool may_answer(const Requests::Readable& read, raft::Instant now) const noexcept;
  void answer_reads();
  void answer_read(Requests::Readable read, kv::Reply reply);
  StreamView stream_view() const noexcept;
  kv::Reply read(const kv::Command& command);
  std::uint64_t read_time_ms() const noexcept;
  void propose_clock();
  // node_reports.cpp
  void exchange_reports();
  void begin_leadership();
  void take_report(raft::NodeId from, const wire::NodeReport& report);
  void look_at_clocks();
  void send_reports();
  void compare_states();
  bool is_ready_leader() const noexcept;
  bool may_stamp() const noexcept;
  void manage_members();
  // node_images.cpp
  void handle_images();
  std::uint64_t missing_bytes(raft::LogIndex match) const;
  void install(ReceivedImage received);
  void begin_image();
  void send_images(const std::vector<raft::ImageWanted>& wanted);
  void begin_compaction(Token token);
  void compact_log();
  // Up to where an operator wants it, or as far as nobody is likely to need it.
  raft::LogIndex compaction_point(const ImageIdentity& newest) const;
  void receive(raft::NodeId peer, const wire::ImagePiece& piece);
  void receive(raft::NodeId peer, const wire::ImageAck& ack);
  void collect_memory();
  // node_log_reads.cpp
  void begin_log_part(Token token, const LogPartWanted& wanted);
  std::optional<OperatorRefusal> check_log_part(const LogPartWanted& wanted) const;
  OperatorRefusal log_is_cut(raft::LogIndex previous) const;
  void answer_log_part(Token token, std::span<const tenon_entry> entries);
  std::optional<FrameDrop> check_envelope(raft::NodeId peer, const wire::DecodedFrame& decoded);
  void receive_body(raft::NodeId peer, const std::shared_ptr<const std::string>& frame, wire::Body body);
  void accept_forwards();
  void fail(const std::string& why);

  const Settings settings_;
  StoragePort storage_;
  WorkPort& workers_;
  Surroundings& surroundings_;
  Now now_;
  raft::Raft raft_;
  std::vector<raft::Happening> happened_;  // since the last run(), in order
  std::vector<ArrivedForward> arrived_;    // the same
  raft::Effects effects_;                  // of the steps since perform()
  StorageWriter writer_;
  PeerLinks links_;
  ForwardedRequests forwarded_;
  Requests requests_;
  const std::uint64_t
      forward_base_;  // added to the numbers of writes that are forwarded; unlike that of an earlier start
  kv::Store store_;   // as of applied_index_
  std::array<kv::Command, kv::kCommandsAhead> ahead_;  // they borrow from the entry that is applied; their memory stays
  Watches watches_;                                    // of what store_ does
  Channels channels_;
  raft::Membership applied_membership_;  // the same
  ClusterClock clock_;
  StateComparison states_;
  std::map<raft::NodeId, wire::NodeReport> arrived_reports_;  // since the last run(), the latest of each voter
  raft::Term led_term_;                                       // in which this node has led last; 0: none
  raft::Instant next_report_;                                 // of a leader
  raft::Instant next_look_;                                   // the same, at the voters' wall clocks
  bool is_report_due_ = false;                                // somebody waits for one of this node
  std::optional<OddState> odd_;  // the state is not to be used any more; the node fails soon
  LogMarks log_marks_;
  Images images_;
  ImageReadings readings_;
  MemberDuties members_;
  KeptStates kept_states_;
  StateAge state_age_;                          // of store_
  raft::Instant next_own_read_;                 // of a follower
  bool own_read_waits_ = false;                 // it has asked
  raft::LogIndex clock_entry_;                  // that this leadership proposed last, to let keys expire; 0: none
  raft::Instant next_compaction_;               // the log is looked at again then
  raft::LogIndex compaction_wanted_;            // by an operator, up to here or further; 0: no
  raft::LogIndex applied_index_;                // <= raft_.commit_index(); never falls
  std::map<std::uint64_t, LogRead> log_reads_;  // that are under way; at most one for each reader
  std::uint64_t last_log_read_ = 0;
  bool space_is_short_ = false;
  raft::Instant next_way_given_;  // while it is: when this node, should it lead, gives leadership up again
  raft::Duration way_given_wait_{};
  std::vector<raft::NodeId> way_given_to_;        // of late; forgotten once all that can take it have been tried
  bool more_to_do_ = false;                       // run() stopped early, to be called again at once
  std::vector<std::unique_ptr<Work>> left_work_;  // that came to its end after this node had failed
  bool failed_ = false;                           // holds for good; nothing is answered any more
};

}  // namespace tenon::node
