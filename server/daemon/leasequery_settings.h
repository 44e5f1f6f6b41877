// leasequery_settings.h: [leasequery] of coaxd.toml as leasequery/ wants it. Control thread, at start.
#pragma once

#include <expected>
#include <string>

#include "leasequery/tcp_server.h"
#include "server/config/settings.h"

namespace coaxd::daemon {

// While there are privileges: the files of TLS are read. Error: one sentence.
std::expected<leasequery::TcpServer::Options, std::string> leasequery_tcp_options(const config::Settings& settings);

// `options`: what any requester may be told.
leasequery::Codes may_be_told(const config::Settings& settings);

}  // namespace coaxd::daemon
