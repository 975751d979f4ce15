#include "tools/server/http/connection.h"

#include <sys/socket.h>

#include <boost/asio/post.hpp>

namespace yent::server {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

std::string address_of(const tcp::socket& socket) {
  boost::system::error_code error;
  asio::ip::address address = socket.remote_endpoint(error).address();
  if (error) return "";
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  return address.to_string();
}

}  // namespace

Connection::Connection(tcp::socket socket, std::shared_ptr<HttpServer::Parts> parts)
    : stream_(std::move(socket)), parts_(std::move(parts)), peer_(address_of(stream_.socket())) {
  Code ignored;
  stream_.socket().set_option(tcp::no_delay(true), ignored);
  stream_.socket().set_option(asio::socket_base::keep_alive(true), ignored);
  parts_->connections.insert(this);
}

Connection::~Connection() {
  release_body();
  parts_->connections.erase(this);
}

// ---- While the application works --------------------------------------------------------------

// Hears when the peer closes. What it sends meanwhile is its next request.
void Connection::watch() {
  if (watches_) return;
  watches_ = true;
  stream_.socket().async_wait(tcp::socket::wait_read,
                              [self = shared_from_this()](const Code& error) {
                                self->watches_ = false;
                                if (!error) self->on_readable();
                              });
}

void Connection::on_readable() {
  if (state_ != State::works && state_ != State::streams) return;
  char byte = 0;
  const ssize_t got = ::recv(stream_.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (got > 0) return;
  // A watch that was set for the request before wakes up for this one: nothing is there.
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return watch();
  peer_has_gone();
}

void Connection::peer_has_gone() {
  if (state_ == State::closed) return;
  const bool working = state_ == State::works || state_ == State::streams;
  const auto gone = std::move(gone_);
  gone_ = {};
  if (number_ > 0 && state_ != State::waits) {
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began_);
    application().finished(request_, head_ ? static_cast<int>(head_->result_int()) : 0, sent_, true,
                           took);
  }
  close();
  if (working && gone) gone();
}

void Connection::when_gone(uint64_t number, std::function<void()> call) {
  if (number != number_ || state_ == State::closed) {
    asio::post(parts_->context, std::move(call));
    return;
  }
  gone_ = std::move(call);
}

// ---- Closing ----------------------------------------------------------------------------------

// What the peer still sends is read for a while: closing at once would take the answer from it.
void Connection::drain() {
  state_ = State::closed;
  Code ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  if (ignored) return close();
  stream_.expires_after(std::chrono::seconds(2));
  drain_more();
}

void Connection::drain_more() {
  stream_.async_read_some(asio::buffer(dregs_),
                          [self = shared_from_this()](const Code& error, size_t) {
                            if (error) return self->close();
                            self->drain_more();
                          });
}

void Connection::close() {
  const auto self = shared_from_this();  // what is let go below may be its last owner
  if (state_ == State::streams) --parts_->statistics.streams;
  state_ = State::closed;
  gone_ = {};
  pieces_.clear();
  release_body();
  Code ignored;
  stream_.socket().close(ignored);
}

}  // namespace yent::server
