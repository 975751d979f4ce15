// Who the visitor is: the key that is shown once, the cookie that is given for it, and forgetting.
#include "tools/server/routes/table.h"
#include "tools/server/server.h"

namespace yent::server {
namespace {

void tell(const std::shared_ptr<Call>& call) {
  const Access& access = call->server.access;
  Json json = Json::object();
  json["needs_key"] = access.needs_key();
  json["logged_in"] = access.caller(call->request()).has_value();
  call->answer(200, json);
}

void log_in(const std::shared_ptr<Call>& call) {
  Access& access = call->server.access;
  Response response = Response::empty(204);
  const auto key = access.matching_key(call->body.text("key"));
  if (key || !access.needs_key()) {
    response.headers.emplace_back("Set-Cookie", access.new_cookie(key.value_or("")));
    return call->answer(std::move(response));
  }
  // The timer keeps the call; it must outlive this function.
  const auto timer = std::make_shared<std::shared_ptr<Loop::Timer>>();
  *timer = call->server.loop.after(access.slow_down(access.peer(call->request())), [call, timer] {
    call->fail({Fault::no_key, "that is not a key of this server", "key"});
    call->server.loop.post([timer] { timer->reset(); });
  });
}

void log_out(const std::shared_ptr<Call>& call) {
  Response response = Response::empty(204);
  response.headers.emplace_back("Set-Cookie", call->server.access.no_cookie());
  call->answer(std::move(response));
}

void forget(const std::shared_ptr<Call>& call) {
  call->server.jobs.cancel_all_of(call->caller.id);
  call->server.store.ask(
      [client = call->caller.id](DiskStore& disk) { disk.forget_client(client); },
      [call](Outcome<Done> outcome) {
        Server::guarded(call, [&] {
          value_of(std::move(outcome));
          call->answer(Response::empty(204));
        });
      });
}

}  // namespace

std::vector<Route> login_routes() {
  Route is_in{.method = "GET",
              .path = "/login",
              .summary = "whether a key is needed, and was shown",
              .handle = tell,
              .guard = Guard::open};
  is_in.answer = {flag_field("needs_key", ""), flag_field("logged_in", "")};
  Route in{.method = "POST",
           .path = "/login",
           .summary = "shows a key and gives a cookie",
           .handle = log_in,
           .guard = Guard::open,
           .success = 204};
  in.body = {text_field("key", "of the server's key file").up_to(1024).require()};
  Route out{.method = "POST",
            .path = "/logout",
            .summary = "takes the cookie back",
            .handle = log_out,
            .guard = Guard::open,
            .success = 204};
  Route visitor{.method = "DELETE",
                .path = "/visitor",
                .summary = "deletes the caller's jobs, pictures and words",
                .handle = forget,
                .success = 204};
  return {is_in, in, out, visitor};
}

}  // namespace yent::server
