#include "tools/server/http/connection.h"

#include <fmt/core.h>
#include <sys/socket.h>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <deque>
#include <limits>

#include "kernels/spelling.h"

namespace yent::server {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using Code = boost::system::error_code;
using Clock = std::chrono::steady_clock;

namespace {

constexpr size_t kPiece = 64 << 10;  // what one write may take at once

std::string text_of(beast::string_view text) { return {text.data(), text.size()}; }

std::string address_of(const tcp::socket& socket) {
  Code error;
  asio::ip::address address = socket.remote_endpoint(error).address();
  if (error) return "";
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  return address.to_string();
}

}  // namespace

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, std::shared_ptr<HttpServer::Parts> parts)
      : stream_(std::move(socket)), parts_(std::move(parts)), peer_(address_of(stream_.socket())) {
    Code ignored;
    stream_.socket().set_option(tcp::no_delay(true), ignored);
    stream_.socket().set_option(asio::socket_base::keep_alive(true), ignored);
    parts_->connections.insert(this);
  }
  ~Connection() {
    release_body();
    parts_->connections.erase(this);
  }

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
  enum class State { waits, reads, works, streams, answers, closed };

  HttpApplication& application() { return parts_->application; }
  const HttpLimits& limits() const { return parts_->limits; }
  void take_head();
  bool refuse_framing();
  void refuse(Response response, std::chrono::milliseconds delay);
  void read_body(size_t limit);
  void release_body();
  void hand_over();
  void watch();
  void on_readable();
  void send_head(Response& response, std::optional<size_t> length);
  void write_next();
  void finish();
  void fail_reading(const Code& error);
  void peer_has_gone();
  void drain();
  void drain_more();
  bool is_current(uint64_t number, State state) const {
    return number == number_ && state_ == state;
  }

  beast::tcp_stream stream_;
  std::shared_ptr<HttpServer::Parts> parts_;
  std::string peer_;
  beast::flat_buffer buffer_;
  State state_ = State::waits;
  bool watches_ = false;

  // Of the request that is being read or answered.
  uint64_t number_ = 0;
  std::optional<http::request_parser<http::string_body>> parser_;
  Request request_;
  size_t body_reserved_ = 0;
  bool body_is_unread_ = false, keep_alive_ = true, chunked_ = false, ended_ = false;
  Clock::time_point began_;
  std::function<void()> gone_;
  std::shared_ptr<asio::steady_timer> delay_;

  // What is to be sent.
  std::optional<http::response<http::empty_body>> head_;
  std::optional<http::response_serializer<http::empty_body>> head_serializer_;
  std::deque<std::shared_ptr<const std::string>> pieces_;
  size_t at_ = 0, unsent_ = 0, sent_ = 0;  // in the first piece; in all; altogether
  bool writes_ = false;
  std::array<char, 1024> dregs_;
};

// An exchange as the application holds it.
class Turn : public Exchange {
 public:
  Turn(std::shared_ptr<Connection> connection, uint64_t number)
      : connection_(std::move(connection)), number_(number) {}
  ~Turn() override { connection_->dropped(number_); }

  const Request& request() const override { return connection_->request(); }
  std::string take_body() override { return connection_->take_body(); }
  void answer(Response r) override { connection_->answer(number_, std::move(r)); }
  void begin_stream(Response head) override { connection_->begin_stream(number_, std::move(head)); }
  void write(std::string piece) override { connection_->write(number_, std::move(piece)); }
  void end() override { connection_->end(number_); }
  void when_gone(std::function<void()> call) override {
    connection_->when_gone(number_, std::move(call));
  }

 private:
  std::shared_ptr<Connection> connection_;
  uint64_t number_;
};

// ---- Reading ----------------------------------------------------------------------------------

void Connection::read_head() {
  if (parts_->stopping) return drain();
  state_ = State::waits;
  parser_.emplace();
  parser_->header_limit(static_cast<uint32_t>(limits().header_bytes));
  // Until the head says whose request it is. (No limit would refuse every length in Boost 1.74.)
  parser_->body_limit(std::numeric_limits<uint64_t>::max());
  stream_.expires_after(limits().header_time);
  http::async_read_header(stream_, buffer_, *parser_,
                          [self = shared_from_this()](const Code& error, size_t) {
                            if (error) return self->fail_reading(error);
                            self->take_head();
                          });
}

void Connection::take_head() {
  state_ = State::reads;
  ++number_;
  began_ = Clock::now();
  ended_ = chunked_ = false;
  sent_ = 0;
  const auto& head = parser_->get();
  request_ = {.method = text_of(head.method_string()),
              .target = text_of(head.target()),
              .peer = peer_,
              .keeps_alive = head.keep_alive(),
              .old_version = head.version() < 11};
  for (const auto& field : head) {
    request_.headers.emplace_back(lower_case(text_of(field.name_string())), text_of(field.value()));
  }
  keep_alive_ = request_.keeps_alive;
  body_is_unread_ = !parser_->is_done();
  if (refuse_framing()) return;
  auto target = parse_target(request_.target);
  if (!target) return refuse(application().malformed(400, "the request's target is no path"), {});
  request_.path = std::move(target->path);
  request_.query = std::move(target->query);
  Admission admission = application().admit(request_);
  if (admission.refusal) return refuse(std::move(*admission.refusal), admission.delay);
  if (parser_->is_done()) return hand_over();
  read_body(admission.body_limit);
}

// Two lengths of one body are how requests are smuggled past a proxy; encoded bodies grow.
bool Connection::refuse_framing() {
  const auto refuse_with = [&](int status, const char* sentence) {
    refuse(application().malformed(status, sentence), {});
    return true;
  };
  if (request_.count("content-length") + request_.count("transfer-encoding") > 1) {
    return refuse_with(400, "the request has more than one length of its body");
  }
  const std::string_view encoding = request_.header("content-encoding");
  if (!encoding.empty() && encoding != "identity") {
    return refuse_with(415, "the body is encoded, expected it as it is");
  }
  return false;
}

void Connection::read_body(size_t limit) {
  const auto length = parser_->content_length();
  const size_t expected = length ? *length : limit;
  if (length && *length > limit) {
    return refuse(
        application().malformed(
            413, fmt::format("the body has {} bytes, expected at most {}", *length, limit)),
        {});
  }
  if (parts_->body_bytes + expected > limits().body_bytes) {
    return refuse(application().malformed(503, "too many bodies are being read"), {});
  }
  body_reserved_ = expected;
  parts_->body_bytes += expected;
  parser_->body_limit(limit);
  const auto read = [self = shared_from_this()] {
    self->stream_.expires_after(self->limits().body_time);
    http::async_read(self->stream_, self->buffer_, *self->parser_,
                     [self](const Code& error, size_t) {
                       if (error) return self->fail_reading(error);
                       self->request_.body = std::move(self->parser_->get().body());
                       self->hand_over();
                     });
  };
  if (request_.header("expect").empty()) return read();
  static const std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
  stream_.expires_after(limits().write_time);
  asio::async_write(stream_, asio::buffer(go_on),
                    [self = shared_from_this(), read](const Code& error, size_t) {
                      if (error) return self->close();
                      read();
                    });
}

void Connection::release_body() {
  parts_->body_bytes -= body_reserved_;
  body_reserved_ = 0;
}

void Connection::fail_reading(const Code& error) {
  const bool waited = state_ == State::waits && buffer_.size() == 0;
  const auto answer_with = [&](int status, const char* sentence) {
    if (state_ == State::waits) ++number_, began_ = Clock::now(), request_ = {.peer = peer_};
    body_is_unread_ = true;
    refuse(application().malformed(status, sentence), {});
  };
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return answer_with(431, "the head of the request is too large");
  }
  if (error == http::error::body_limit) return answer_with(413, "the body is too large");
  if (error == beast::error::timeout && !waited) {
    stream_.expires_never();  // the socket is closed by now
    return close();
  }
  if (error == http::error::end_of_stream || error == http::error::partial_message || waited ||
      error.category() != http::make_error_code(http::error::bad_method).category()) {
    return close();
  }
  answer_with(400, "this is no HTTP request");
}

void Connection::refuse(Response response, std::chrono::milliseconds delay) {
  state_ = State::works;
  if (body_is_unread_) keep_alive_ = false;
  if (delay.count() == 0) return answer(number_, std::move(response));
  delay_ = std::make_shared<asio::steady_timer>(parts_->context);
  delay_->expires_after(delay);
  delay_->async_wait([self = shared_from_this(), number = number_,
                      answer = std::move(response)](const Code& error) mutable {
    if (!error) self->answer(number, std::move(answer));
  });
}

// ---- While the application works --------------------------------------------------------------

void Connection::hand_over() {
  state_ = State::works;
  body_is_unread_ = false;
  release_body();
  parser_.reset();
  stream_.expires_never();
  watch();
  application().handle(std::make_shared<Turn>(shared_from_this(), number_));
}

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

void Connection::dropped(uint64_t number) {
  if (is_current(number, State::works)) {
    answer(number, application().malformed(500, "the request was given up"));
  }
  if (is_current(number, State::streams)) end(number);
}

// ---- Answering --------------------------------------------------------------------------------

void Connection::answer(uint64_t number, Response response) {
  if (!is_current(number, State::works)) return;
  state_ = State::answers;
  gone_ = {};
  ended_ = true;
  const bool silent = request_.method == "HEAD";
  const size_t length = response.body ? response.body->size() : 0;
  if (response.body && !silent && length > 0) pieces_.push_back(response.body);
  send_head(response, length);
}

void Connection::begin_stream(uint64_t number, Response head) {
  if (!is_current(number, State::works)) return;
  if (request_.method == "HEAD") return answer(number, std::move(head));
  state_ = State::streams;
  ++parts_->statistics.streams;
  chunked_ = !request_.old_version;
  if (!chunked_) keep_alive_ = false;
  send_head(head, std::nullopt);
}

void Connection::write(uint64_t number, std::string piece) {
  if (!is_current(number, State::streams) || piece.empty()) return;
  // Of what came before: one piece, a whole picture, may be larger than that by itself.
  if (unsent_ > limits().unread_bytes) return peer_has_gone();
  if (chunked_) piece = fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
  unsent_ += piece.size();
  pieces_.push_back(std::make_shared<const std::string>(std::move(piece)));
  if (!writes_) write_next();
}

void Connection::end(uint64_t number) {
  if (!is_current(number, State::streams)) return;
  if (chunked_) pieces_.push_back(std::make_shared<const std::string>("0\r\n\r\n"));
  state_ = State::answers;
  --parts_->statistics.streams;
  gone_ = {};
  ended_ = true;
  if (!writes_) write_next();
}

void Connection::send_head(Response& response, std::optional<size_t> length) {
  application().decorate(request_, response);
  if (parts_->stopping) keep_alive_ = false;
  head_.emplace(static_cast<http::status>(response.status), 11);
  if (response.body || !length) head_->set(http::field::content_type, response.type);
  for (const auto& [name, value] : response.headers) head_->insert(name, value);
  const bool bare = response.status == 204 || response.status == 304;
  if (length && !bare) head_->content_length(*length);
  if (!length && chunked_) head_->chunked(true);
  head_->keep_alive(keep_alive_);
  head_serializer_.emplace(*head_);
  writes_ = true;
  stream_.expires_after(limits().write_time);
  http::async_write_header(stream_, *head_serializer_,
                           [self = shared_from_this()](const Code& error, size_t) {
                             self->writes_ = false;
                             if (error) return self->peer_has_gone();
                             self->write_next();
                           });
}

void Connection::write_next() {
  if (state_ == State::closed) return;
  if (pieces_.empty()) {
    if (ended_) return finish();
    stream_.expires_never();  // the stream waits for its next piece
    return;
  }
  writes_ = true;
  const std::string& piece = *pieces_.front();
  stream_.expires_after(limits().write_time);
  stream_.async_write_some(asio::buffer(piece.data() + at_, std::min(kPiece, piece.size() - at_)),
                           [self = shared_from_this()](const Code& error, size_t written) {
                             self->writes_ = false;
                             if (error) return self->peer_has_gone();
                             // It may be closed since this piece was written: none are left then.
                             if (self->state_ == State::closed) return;
                             self->at_ += written;
                             self->sent_ += written;
                             self->unsent_ -= std::min(self->unsent_, written);
                             if (self->at_ == self->pieces_.front()->size()) {
                               self->pieces_.pop_front();
                               self->at_ = 0;
                             }
                             self->write_next();
                           });
}

void Connection::finish() {
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began_);
  application().finished(request_, static_cast<int>(head_->result_int()), sent_, false, took);
  head_serializer_.reset();
  head_.reset();
  request_ = {};
  unsent_ = 0;
  if (!keep_alive_) return drain();
  read_head();
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

void serve_connection(tcp::socket socket, const std::shared_ptr<HttpServer::Parts>& parts) {
  std::make_shared<Connection>(std::move(socket), parts)->read_head();
}

void close_if_idle(Connection& connection) { connection.close_if_idle(); }
void close_now(Connection& connection) { connection.close(); }

}  // namespace yent::server
