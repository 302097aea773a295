// One connection of the control socket: reads requests, checks the peer anew before each, answers.
// Runs on the server's thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <memory>

#include "api/peer.h"
#include "api/server.h"
#include "api/service.h"

namespace bailiff::api {

using Stream = boost::beast::basic_stream<boost::asio::local::stream_protocol>;

// Serves until the caller closes, misbehaves or falls silent, then closes. Throws nothing but what
// memory shortage throws. The arguments outlive it, except that `peer` and `stream` are its own.
boost::asio::awaitable<void> serve(std::shared_ptr<Stream> stream, Peer peer, Service& service,
                                   const ServerOptions& options);

} // namespace bailiff::api
