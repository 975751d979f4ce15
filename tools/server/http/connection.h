// One TCP connection and the requests on it, one after the other. For the files of this folder.
#pragma once

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <deque>
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

// Its three files are one each for its life, for requests and for answers.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::ip::tcp::socket socket, std::shared_ptr<HttpServer::Parts> parts);
  ~Connection();

  void read_head();
  void close_if_idle() {
    if (state_ == State::waits) close();
  }
  void close();

  // For the exchange with this number; later ones ignore it.
  const Request& request() const { return request_; }
  std::string take_body() { return std::move(request_.body); }
  void answer(uint64_t number, Response response);
  void begin_stream(uint64_t number, Response head);
  void write(uint64_t number, std::string piece);
  void end(uint64_t number);
  void when_gone(uint64_t number, std::function<void()> call);
  void dropped(uint64_t number);

 private:
  using Code = boost::system::error_code;
  using Clock = std::chrono::steady_clock;
  enum class State { waits, reads, works, streams, answers, closed };

  HttpApplication& application() { return parts_->application; }
  const HttpLimits& limits() const { return parts_->limits; }
  // connection.cpp: its life.
  void watch();
  void on_readable();
  void peer_has_gone();
  void drain();
  void drain_more();
  // reading.cpp: a request comes in.
  void begin_request();
  void take_head();
  bool refuse_framing();
  void refuse(Response response, std::chrono::milliseconds delay);
  void read_body(size_t limit);
  void release_body();
  void fail_reading(const Code& error);
  void hand_over();
  // answering.cpp: its answer goes out.
  void send_head(Response& response, std::optional<size_t> length);
  void write_next();
  void finish();
  bool is_current(uint64_t number, State state) const {
    return number == number_ && state_ == state;
  }

  boost::beast::tcp_stream stream_;
  std::shared_ptr<HttpServer::Parts> parts_;
  std::string peer_;
  boost::beast::flat_buffer buffer_;
  State state_ = State::waits;
  bool watches_ = false;

  // Of the request that is being read or answered.
  uint64_t number_ = 0;
  std::optional<boost::beast::http::request_parser<boost::beast::http::string_body>> parser_;
  Request request_;
  size_t body_reserved_ = 0;
  bool body_is_unread_ = false, keep_alive_ = true, chunked_ = false, ended_ = false;
  Clock::time_point began_;
  std::function<void()> gone_;
  std::shared_ptr<boost::asio::steady_timer> delay_;

  // What is to be sent.
  std::optional<boost::beast::http::response<boost::beast::http::empty_body>> head_;
  std::optional<boost::beast::http::response_serializer<boost::beast::http::empty_body>>
      head_serializer_;
  std::deque<std::shared_ptr<const std::string>> pieces_;
  size_t at_ = 0, unsent_ = 0, sent_ = 0;  // in the first piece; in all; altogether
  bool writes_ = false;
  std::array<char, 1024> dregs_;
};

}  // namespace yent::server
