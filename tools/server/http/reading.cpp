// Requests of a connection: their heads, what is refused, their bodies.
#include <fmt/core.h>

#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>
#include <limits>

#include "kernels/spelling.h"
#include "tools/server/http/connection.h"

namespace yent::server {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

std::string text_of(beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

namespace {

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

}  // namespace

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

// As far as its head was read.
void Connection::begin_request() {
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
}

void Connection::take_head() {
  state_ = State::reads;
  begin_request();
  const auto& head = parser_->get();
  for (const auto& field : head) {
    request_.headers.emplace_back(lower_case(text_of(field.name_string())), text_of(field.value()));
  }
  keep_alive_ = request_.keeps_alive;
  body_is_unread_ = !parser_->is_done();
  if (refuse_framing()) return;
  auto target = parse_target(request_.target);
  if (!target)
    return refuse(application().malformed(request_, 400, "the request's target is no path"), {});
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
    refuse(application().malformed(request_, status, sentence), {});
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
    return refuse(application().malformed(
                      request_, 413,
                      fmt::format("the body has {} bytes, expected at most {}", *length, limit)),
                  {});
  }
  if (parts_->body_bytes + expected > limits().body_bytes) {
    return refuse(application().malformed(request_, 503, "too many bodies are being read"), {});
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
    if (state_ == State::waits) begin_request();
    body_is_unread_ = true;
    refuse(application().malformed(request_, status, sentence), {});
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

void Connection::hand_over() {
  state_ = State::works;
  body_is_unread_ = false;
  release_body();
  parser_.reset();
  stream_.expires_never();
  watch();
  application().handle(std::make_shared<Turn>(shared_from_this(), number_));
}

}  // namespace yent::server
