// One TCP connection and the requests on it, one after the other. For http_server.cpp.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <unordered_set>

#include "tools/server/http/http_server.h"

namespace yent::server {

class Connection;

struct HttpServer::Parts {
  Parts(boost::asio::io_context& context, HttpApplication& application, HttpLimits limits)
      : context(context), application(application), limits(limits), acceptor(context) {}

  boost::asio::io_context& context;
  HttpApplication& application;
  HttpLimits limits;
  boost::asio::ip::tcp::acceptor acceptor;
  HttpStatistics statistics = {};
  size_t body_bytes = 0;  // of bodies that are being read
  std::unordered_set<Connection*> connections = {};
  bool stopping = false;
};

// It lives until its peer or it itself closes.
void serve_connection(boost::asio::ip::tcp::socket socket,
                      const std::shared_ptr<HttpServer::Parts>& parts);
// Closes it if it waits for a request; or now, whatever it does.
void close_if_idle(Connection& connection);
void close_now(Connection& connection);

}  // namespace yent::server
