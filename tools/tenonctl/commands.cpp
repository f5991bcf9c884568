// SPDX-License-Identifier: MIT
#include "commands.hpp"

#include <algorithm>

namespace tenon::tenonctl {
namespace {

constexpr std::size_t kKeysMax = 10'000;  // that one request may touch

constexpr std::string_view kValueForms =
    "A value of `-` is read from standard input, one of @FILE from that file; a value that is a single '-' or begins\n"
    "with '@' is given on standard input.";

constexpr CommandDescription kCommands[] = {
    {"put", Command::kPut, "KEY VALUE", 2, 2, "sets a key; prints the new revision", kValueForms},
    {"get", Command::kGet, "KEY [KEY..]", 1, kKeysMax, "prints a value; exit code 3 when there is no such key",
     "With -o simple the bytes of the value and nothing else; a line end is added on a terminal only. Several\n"
     "keys are read at one moment, and those that exist are printed as a scan prints them.\n"
     "A lease read costs the leader no message when its operator allows it; a stale one may show a state of that\n"
     "age, or of any, and needs no leader; one through the log is an entry of it."},
    {"del", Command::kDel, "KEY | --prefix PREFIX | --range FROM TO", 1, 2,
     "removes a key, or all keys of a range; exit code 3 when there was none",
     "An empty TO is the end of the keyspace. A long range is removed in parts, each in one step."},
    {"scan", Command::kScan, "[PREFIX]", 0, 1, "prints the keys of a range in order, with their values",
     "The range is the keys that begin with PREFIX, or those of --from and --to, or all. A long range is read in\n"
     "pages, which are of one moment if the node keeps that state so long. With -o simple a line is KEY, a\n"
     "tabulator, VALUE, both escaped as in the table."},
    {"cas", Command::kCas, "KEY EXPECTED NEW | --absent KEY NEW", 2, 3,
     "sets a key to NEW if its value is EXPECTED, in one step; exit code 3 when it is not", kValueForms},
    {"append", Command::kAppend, "KEY VALUE", 2, 2, "adds to the end of a value; prints the new length", kValueForms},
    {"increment", Command::kIncrement, "KEY [DELTA]", 1, 2, "adds to a number, 1 without DELTA; prints the sum",
     "The value is decimal text of 64 bits; a key that does not exist counts as 0. A negative DELTA stands\n"
     "behind `--`."},
    {"expire", Command::kExpire, "KEY DURATION", 2, 2, "lets a key expire after a time; exit code 3 when there is none",
     ""},
    {"persist", Command::kPersist, "KEY", 1, 1, "lets a key expire no more; exit code 3 when it has no expiry", ""},
    {"ttl", Command::kTtl, "KEY", 1, 1, "prints how many milliseconds a key has left, or never", ""},
    {"txn", Command::kTransaction, "[@FILE]", 0, 1, "runs a transaction from standard input or a file",
     "Each line is a condition, an operation, or `else`:\n"
     "  if absent KEY, if exists KEY\n"
     "  if value KEY = VALUE            also != < >; so do version, create_revision and mod_revision with a number\n"
     "  put KEY VALUE [DURATION], get KEY, del KEY, del-prefix PREFIX, append KEY VALUE, increment KEY DELTA,\n"
     "  expire KEY DURATION, persist KEY\n"
     "When all conditions hold the operations run, else those behind `else`: all at once, or none when one fails. A\n"
     "field with blanks stands in double quotes; \\n, \\t, \\r, \\\", \\\\ and \\xNN mean within them what\n"
     "a scan prints.\n"
     "Exit code 3 when a condition did not hold."},
    {"session open", Command::kSessionOpen, "[NAME]", 0, 1,
     "opens a session, in which a write can be tried again safely",
     "Prints the session. With a NAME it is kept in a file of this user, and --session NAME finds it; a session\n"
     "of this name that is open is kept, and its number printed. It expires when it is not used for --ttl."},
    {"session keep-alive", Command::kSessionKeepAlive, "SESSION", 1, 1, "moves the end of a session", ""},
    {"session close", Command::kSessionClose, "SESSION", 1, 1, "ends a session", ""},
    {"status", Command::kStatus, "", 0, 0, "prints a line for each endpoint: what its node says of itself",
     "All endpoints are asked at once. The exit code is 0 when one of them answers. With -o json everything that a\n"
     "node tells is there, otherwise the most important."},
    {"members", Command::kMembers, "", 0, 0, "prints a line for each voter of the cluster",
     "As the leader sees it, when one of the endpoints leads: then with how far each voter has got."},
    {"metrics", Command::kMetrics, "", 0, 0, "prints what the node at each endpoint counts and measures",
     "In the text format of Prometheus. Of several endpoints each begins with a comment line that names it, so give a\n"
     "single one to a program that reads that format."},
    {"leader show", Command::kLeaderShow, "", 0, 0, "prints which node leads; exit code 3 when no endpoint knows",
     "All endpoints are asked at once, and the word of the latest term counts."},
    {"leader transfer", Command::kLeaderTransfer, "[NODE]", 0, 1,
     "hands leadership to NODE, or to the voter that is furthest, and waits for it",
     "Prints the new leader. When no other node leads within --timeout, that is an error, and nothing is broken."},
    {"snapshot create", Command::kSnapshotCreate, "", 0, 0, "takes an image of a node's state, and waits for it",
     "Of the node at the first endpoint. Prints the image, which has all that the node had applied before. When it is\n"
     "not stored within --timeout, that is an error, and nothing is broken."},
    {"snapshot list", Command::kSnapshotList, "", 0, 0, "prints the newest image of the node at each endpoint", ""},
    {"watch", Command::kWatch, "KEY | --prefix PREFIX | --range FROM TO", 1, 2,
     "prints each change of a key or a range as it comes, until it is interrupted",
     "A line is revision, what happened (put, del or expired), key and value. Each change comes once and in order,\n"
     "also when the node is lost and another goes on. An empty TO is the end of the keyspace. The nodes keep the\n"
     "latest changes only: when --from-revision is too old, or the watch cannot follow, that is an error which\n"
     "names the revision to go on from."},
    {"backup", Command::kBackup, "FILE", 1, 1, "writes the state of the cluster to a file, for tenond restore",
     "Has an image taken by the node at the first endpoint that answers, which has all that was acknowledged before,\n"
     "and reads it from there. FILE must not exist; it is there when it is whole, checked and durable, and else not.\n"
     "With --since FILE gets the log behind an earlier backup instead, as far as the node still has it; tenond "
     "restore\n"
     "takes the full backup and those that follow it, in their order."},
    {"compact", Command::kCompact, "", 0, 0, "cuts the log of the node at each endpoint up to an image of now",
     "Nothing is kept for nodes that are late but what a transfer under way needs, so such a node gets an image, and\n"
     "an incremental backup of what is cut is not possible any more. Prints the log before and after."},
    {"state-hash", Command::kStateHash, "", 0, 0, "prints a hash over the state of the node at each endpoint",
     "Nodes at the same applied index have the same hash; if not, one of them is broken."},
    {"member list", Command::kMemberList, "", 0, 0, "prints the members: standing, lag in bytes, addresses, lanes",
     "All endpoints are asked at once, and the word of the leader counts, for it alone knows who lags behind."},
    {"member add", Command::kMemberAdd, "NODE ADDRESS..", 2, 17,
     "takes a new node in, which becomes a voter when it has caught up, and waits for that",
     "The node runs already, with cluster.start = join. An address is a URL whose scheme is the name of a transport,\n"
     "as thrift://10.0.0.4:7201. The leader dials it first, and refuses what is not that node. When it has not caught "
     "up\n"
     "within --timeout, that is no error: it goes on by itself, and member list says how far it is."},
    {"member promote", Command::kMemberPromote, "NODE", 1, 1, "makes a learner that has caught up a voter",
     "For a node that was added with --learner; any other is promoted by itself."},
    {"member remove", Command::kMemberRemove, "NODE", 1, 1, "takes a node out of the cluster",
     "Refused when those that remain and answer are no majority, with the figures. The leader can be removed too, and\n"
     "hands over. The node is told, and does nothing more; its directory is not to be used again."},
    {"member replace", Command::kMemberReplace, "OLD NEW ADDRESS..", 3, 18,
     "puts a new node in the place of a voter, and waits for it",
     "NEW is taken in as by member add, and when it has caught up one change makes it a voter and removes OLD, so "
     "that\n"
     "there is never one voter more or less. OLD may be lost for good."},
    {"plugin list", Command::kPluginList, "", 0, 0, "prints the plugins that a server finds",
     "Nothing of a plugin is executed, here and in the other plugin commands. What a server would refuse is listed as\n"
     "such, and the messages say why."},
    {"plugin inspect", Command::kPluginInspect, "FILE | KIND.NAME", 1, 1,
     "prints what a plugin says of itself: options, metrics, ABI, libraries", ""},
    {"plugin doctor", Command::kPluginDoctor, "FILE | KIND.NAME", 1, 1,
     "explains why a plugin does not load, or should not be used; exit code 1 when there is something",
     "For a server that runs as this user. A line is refused (the server does not load it) or risky (it does), then\n"
     "what was found and what to do."},
    {"plugin new", Command::kPluginNew, "KIND NAME [DIRECTORY]", 2, 3,
     "writes a plugin project that builds and passes its checks",
     "KIND is storage. NAME is of a-z, 0-9 and _; the directory is tenon-storage-NAME when none is given."},
};

constexpr std::string_view kLaterCommands[] = {"alarm", "bench",     "completion", "health",  "import",
                                               "lease", "lock",      "publish",    "restore", "role",
                                               "shell", "subscribe", "token",      "top",     "user"};

constexpr FlagDescription kFlags[] = {
    {"ttl",
     "DURATION",
     "the key expires after this time; of a session, without use (default 1h)",
     {Command::kPut, Command::kSessionOpen}},
    {"keep-ttl", nullptr, "the key expires when it was to before", {Command::kPut}},
    {"previous",
     nullptr,
     "also prints the record as it was before",
     {Command::kPut, Command::kDel, Command::kAppend, Command::kIncrement, Command::kExpire, Command::kPersist,
      Command::kWatch}},
    {"session",
     "SESSION",
     "the write is executed once in this session, however often it is tried: a name or a number",
     {Command::kPut, Command::kDel, Command::kCas, Command::kAppend, Command::kIncrement, Command::kExpire,
      Command::kPersist, Command::kTransaction}},
    {"sequence",
     "N",
     "which write of the session this is; a second try has the number of the first",
     {Command::kPut, Command::kDel, Command::kCas, Command::kAppend, Command::kIncrement, Command::kExpire,
      Command::kPersist, Command::kTransaction}},
    {"prefix", nullptr, "all keys that begin with the argument", {Command::kDel, Command::kWatch}},
    {"range", nullptr, "the keys from the first argument on and below the second", {Command::kDel, Command::kWatch}},
    {"from-revision", "N", "begins with the changes of this revision", {Command::kWatch}},
    {"from", "KEY", "begins with this key", {Command::kScan}},
    {"to", "KEY", "ends before this key", {Command::kScan}},
    {"match", "PATTERN", "only keys that match: * any, ? one, [a-z] or [^a-z] one of those", {Command::kScan}},
    {"limit", "N", "prints at most N records; a watch ends after N changes", {Command::kScan, Command::kWatch}},
    {"keys", nullptr, "prints keys only", {Command::kScan}},
    {"count", nullptr, "prints how many keys there are and nothing else", {Command::kScan}},
    {"reverse", nullptr, "from the last key to the first", {Command::kScan}},
    {"cursor", "CURSOR", "goes on where an earlier scan of the same range stopped at its limit", {Command::kScan}},
    {"consistency",
     "CONSISTENCY",
     "linearizable (default), lease, stale, stale=AGE as in stale=10s, or log: what the read may rest on",
     {Command::kGet, Command::kScan, Command::kTtl}},
    {"since", "PREVIOUS", "only what was written behind this backup, a full or an incremental one", {Command::kBackup}},
    {"learner", nullptr, "the node stays a learner until it is promoted", {Command::kMemberAdd}},
    {"force",
     nullptr,
     "also when it leaves too few voters that answer, or the node lags behind",
     {Command::kMemberPromote, Command::kMemberRemove}},
    {"no-wait", nullptr, "does not wait until the node has caught up", {Command::kMemberAdd, Command::kMemberReplace}},
    {"absent", nullptr, "the condition is that there is no such key", {Command::kCas}},
    {"directory",
     "DIRECTORY[:..]",
     "looks for plugins here, not where a server does that is told no directory",
     {Command::kPluginList, Command::kPluginInspect, Command::kPluginDoctor}},
};

}  // namespace

std::span<const CommandDescription> commands() { return kCommands; }
std::span<const std::string_view> later_commands() { return kLaterCommands; }
std::span<const FlagDescription> command_flags() { return kFlags; }

bool takes(const FlagDescription& flag, Command command) {
  return std::find(flag.commands.begin(), flag.commands.end(), command) != flag.commands.end();
}

}  // namespace tenon::tenonctl
