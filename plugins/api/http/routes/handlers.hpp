// SPDX-License-Identifier: MIT
// What each path does; docs/apis/http-api.md and openapi.json say it for people and for programs. All of them are of
// the form that router.hpp asks of a handler.
#pragma once

#include <memory>

#include "exchange.hpp"
#include "service.hpp"

namespace tenon::api_http {

// kv_routes.cpp
void get_key(Service& service, const std::shared_ptr<Exchange>& exchange);
void put_key(Service& service, const std::shared_ptr<Exchange>& exchange);
void delete_key(Service& service, const std::shared_ptr<Exchange>& exchange);
void scan_keys(Service& service, const std::shared_ptr<Exchange>& exchange);

// node_routes.cpp
void tell_live(Service& service, const std::shared_ptr<Exchange>& exchange);
void tell_ready(Service& service, const std::shared_ptr<Exchange>& exchange);
void tell_version(Service& service, const std::shared_ptr<Exchange>& exchange);
void tell_cluster(Service& service, const std::shared_ptr<Exchange>& exchange);
void tell_slow_operations(Service& service, const std::shared_ptr<Exchange>& exchange);
void tell_description(Service& service, const std::shared_ptr<Exchange>& exchange);
void tell_metrics(Service& service, const std::shared_ptr<Exchange>& exchange);

// transaction_routes.cpp
void run_transaction(Service& service, const std::shared_ptr<Exchange>& exchange);
void run_batch(Service& service, const std::shared_ptr<Exchange>& exchange);
void open_session(Service& service, const std::shared_ptr<Exchange>& exchange);
void keep_session(Service& service, const std::shared_ptr<Exchange>& exchange);
void close_session(Service& service, const std::shared_ptr<Exchange>& exchange);

// watch_routes.cpp
void watch_keys(Service& service, const std::shared_ptr<Exchange>& exchange);

// live_routes.cpp
void open_live(Service& service, const std::shared_ptr<Exchange>& exchange);

// web/dashboard_routes.cpp
void show_dashboard(Service& service, const std::shared_ptr<Exchange>& exchange);
void show_dashboard_file(Service& service, const std::shared_ptr<Exchange>& exchange);

// channel_routes.cpp
void publish(Service& service, const std::shared_ptr<Exchange>& exchange);

// compatibility_routes.cpp
void set_compatible(Service& service, const std::shared_ptr<Exchange>& exchange);
void get_compatible(Service& service, const std::shared_ptr<Exchange>& exchange);
void delete_compatible(Service& service, const std::shared_ptr<Exchange>& exchange);
void tell_health(Service& service, const std::shared_ptr<Exchange>& exchange);
void tell_raft_status(Service& service, const std::shared_ptr<Exchange>& exchange);

}  // namespace tenon::api_http
