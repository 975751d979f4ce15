#include "tools/server/http/http_server.h"

#include <vector>

#include "kernels/error.h"
#include "tools/server/http/connection.h"

namespace yent::server {

namespace asio = boost::asio;
using asio::ip::tcp;
using Code = boost::system::error_code;

namespace {

void accept_next(const std::shared_ptr<HttpServer::Parts>& parts) {
  parts->acceptor.async_accept([parts](const Code& error, tcp::socket socket) {
    if (error == asio::error::operation_aborted || !parts->acceptor.is_open()) return;
    if (!error && parts->connections.size() < parts->limits.connections) {
      std::make_shared<Connection>(std::move(socket), parts)->read_head();
    }
    if (!error) return accept_next(parts);
    // No file descriptor is left, as a rule: some will close.
    auto pause = std::make_shared<asio::steady_timer>(parts->context);
    pause->expires_after(std::chrono::milliseconds(100));
    pause->async_wait([parts, pause](const Code&) { accept_next(parts); });
  });
}

void listen(tcp::acceptor& acceptor, const tcp::endpoint& at) {
  acceptor.open(at.protocol());
  acceptor.set_option(tcp::acceptor::reuse_address(true));
  acceptor.bind(at);
  acceptor.listen(asio::socket_base::max_listen_connections);
}

}  // namespace

HttpServer::HttpServer(Loop& loop, HttpApplication& application, const std::string& host, int port,
                       HttpLimits limits)
    : parts_(std::make_shared<Parts>(loop.context(), application, limits)) {
  Code error;
  tcp::resolver resolver(loop.context());
  const auto found = resolver.resolve(host, std::to_string(port), tcp::resolver::passive, error);
  if (error) throw run_error("{}: no address to listen on ({})", host, error.message());
  try {
    listen(parts_->acceptor, found.begin()->endpoint());
  } catch (const boost::system::system_error& refused) {
    throw run_error("{}:{}: cannot be listened on ({})", host, port, refused.code().message());
  }
  accept_next(parts_);
}

// Exchanges that outlive this have no application any more.
HttpServer::~HttpServer() {
  stop_listening();
  const std::vector<Connection*> open(parts_->connections.begin(), parts_->connections.end());
  for (Connection* connection : open) connection->close();
}

int HttpServer::port() const { return parts_->acceptor.local_endpoint().port(); }

const HttpStatistics& HttpServer::statistics() const {
  parts_->statistics.connections = parts_->connections.size();
  return parts_->statistics;
}

void HttpServer::stop_listening() {
  Code ignored;
  parts_->acceptor.close(ignored);
}

void HttpServer::close_idle() {
  parts_->stopping = true;
  const std::vector<Connection*> open(parts_->connections.begin(), parts_->connections.end());
  for (Connection* connection : open) connection->close_if_idle();
}

}  // namespace yent::server
