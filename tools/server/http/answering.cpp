// Answers of a connection: whole, or in pieces.
#include <fmt/core.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/write.hpp>

#include "tools/server/http/connection.h"

namespace yent::server {

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

constexpr size_t kPiece = 64 << 10;  // what one write may take at once

}  // namespace

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

void Connection::dropped(uint64_t number) {
  if (is_current(number, State::works)) {
    answer(number, application().malformed(request_, 500, "the request was given up"));
  }
  if (is_current(number, State::streams)) end(number);
}

}  // namespace yent::server
