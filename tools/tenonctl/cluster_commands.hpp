// SPDX-License-Identifier: MIT
// The commands that ask about the cluster rather than about keys. Each returns an exit code, and throws what a client
// throws where one endpoint has to answer.
#pragma once

#include "tenonctl/command_line.hpp"
#include "tenonctl/run.hpp"

namespace tenon::tenonctl {

// How `endpoints` are asked.
client::Options client_options(const Invocation& invocation, std::vector<client::Endpoint> endpoints);

int show_status(const Invocation& invocation, const Surroundings& surroundings, Format format);
int show_members(const Invocation& invocation, const Surroundings& surroundings, Format format);
int show_metrics(const Invocation& invocation, const Surroundings& surroundings, Format format);
int show_leader(const Invocation& invocation, const Surroundings& surroundings, Format format);
// Waits until another node leads, at most the invocation's timeout.
int transfer_leader(const Invocation& invocation, const Surroundings& surroundings, Format format);
// Of the node at the first endpoint. Waits until the image is stored, at most the invocation's timeout.
int create_snapshot(const Invocation& invocation, const Surroundings& surroundings, Format format);
int list_snapshots(const Invocation& invocation, const Surroundings& surroundings, Format format);
// Of every endpoint. Waits until each has cut its log, as long as images are being taken and the invocation's timeout
// beyond.
int compact_logs(const Invocation& invocation, const Surroundings& surroundings, Format format);
int show_state_hash(const Invocation& invocation, const Surroundings& surroundings, Format format);

}  // namespace tenon::tenonctl
