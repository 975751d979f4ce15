// Finished pictures: as PNG, small, in characters; and the gallery of a visitor.
#include "engine/ascii/charset.h"
#include "tools/server/routes/table.h"
#include "tools/server/server.h"
#include "tools/server/workers/frames.h"

namespace yent::server {
namespace {

constexpr int kThumbSide = 128;

Response png_response(std::shared_ptr<const std::string> png) {
  return {.type = "image/png",
          .headers = {{"Cache-Control", "private, max-age=3600"}},
          .body = std::move(png)};
}

// Calls with the picture's file; fails where there is none.
void with_file(const std::shared_ptr<Call>& call, bool raw,
               std::function<void(std::shared_ptr<const std::string>)> with) {
  call->server.store.ask(
      [id = call->values[0], client = call->caller.id, raw](DiskStore& disk) {
        const auto picture = disk.picture(id, client);
        return picture ? disk.file(*picture, raw) : std::nullopt;
      },
      [call, with = std::move(with)](Outcome<std::optional<std::string>> outcome) {
        Server::guarded(call, [&] {
          auto file = value_of(std::move(outcome));
          if (!file) throw HttpError(Fault::not_found, "there is no such picture");
          with(std::make_shared<const std::string>(std::move(*file)));
        });
      });
}

Image decoded(const std::string& png) {
  return decode_image(std::span(reinterpret_cast<const uint8_t*>(png.data()), png.size()),
                      "the picture");
}

void get_image(const std::shared_ptr<Call>& call) {
  with_file(call, false, [call](std::shared_ptr<const std::string> png) {
    call->answer(png_response(std::move(png)));
  });
}

// Makes a text of the unfiltered picture on the side thread.
void answer_from(const std::shared_ptr<Call>& call,
                 const std::function<Response(const Image&)>& make) {
  with_file(call, true, [call, make](std::shared_ptr<const std::string> png) {
    const auto response = std::make_shared<Response>();
    call->server.aside(
        call, [=] { *response = make(decoded(*png)); },
        [=] { call->answer(std::move(*response)); });
  });
}

void get_thumb(const std::shared_ptr<Call>& call) {
  answer_from(call, [](const Image& image) {
    const std::vector<uint8_t> png = encode_png(at_most(image, kThumbSide));
    return png_response(
        std::make_shared<const std::string>(reinterpret_cast<const char*>(png.data()), png.size()));
  });
}

void get_cells(const std::shared_ptr<Call>& call) {
  const int columns = static_cast<int>(call->query.integer("columns", 100));
  const std::string charset = call->query.text("charset", "techno");
  const bool by_shape = call->query.text("glyphs") == "shape";
  charset_from(charset);
  answer_from(call, [=](const Image& image) {
    const Json cells =
        cells_json(image, columns, charset, by_shape ? GlyphChoice::shape : GlyphChoice::level);
    Response response = Response::json(200, cells.dump());
    response.headers = {{"Cache-Control", "private, max-age=3600"}};
    return response;
  });
}

void delete_image(const std::shared_ptr<Call>& call) {
  call->server.store.ask([id = call->values[0], client = call->caller.id](
                             DiskStore& disk) { return disk.forget_picture(id, client); },
                         [call](Outcome<bool> outcome) {
                           Server::guarded(call, [&] {
                             if (!value_of(std::move(outcome))) {
                               throw HttpError(Fault::not_found, "there is no such picture");
                             }
                             call->answer(Response::empty(204));
                           });
                         });
}

void gallery(const std::shared_ptr<Call>& call) {
  const int limit = static_cast<int>(call->query.integer("limit", 50));
  call->server.store.ask([client = call->caller.id, before = call->query.text("before"), limit](
                             DiskStore& disk) { return disk.pictures(client, before, limit + 1); },
                         [call, limit](Outcome<std::vector<PictureRecord>> outcome) {
                           Server::guarded(call, [&] {
                             auto pictures = value_of(std::move(outcome));
                             Json json = Json::object(), list = Json::array();
                             const bool more = pictures.size() > static_cast<size_t>(limit);
                             if (more) pictures.pop_back();
                             for (const PictureRecord& picture : pictures)
                               list.push_back(picture_json(picture));
                             json["pictures"] = std::move(list);
                             json["more"] = more;
                             call->answer(200, json);
                           });
                         });
}

}  // namespace

std::vector<Route> picture_routes(const RequestLimits& limits) {
  Route image{.method = "GET",
              .path = "/image/{id}",
              .summary = "a picture",
              .handle = get_image,
              .answer_type = "image/png"};
  Route thumb{.method = "GET",
              .path = "/image/{id}/thumb",
              .summary = "a small one",
              .handle = get_thumb,
              .answer_type = "image/png"};
  Route cells{.method = "GET",
              .path = "/image/{id}/cells",
              .summary = "a picture in characters",
              .handle = get_cells};
  cells.query = {
      integer_field("columns", "100").between(10, limits.columns),
      text_field("charset", "a name, or characters (techno)").up_to(1024),
      text_field("glyphs", "by what a glyph is chosen (level)").one_of({"level", "shape"})};
  Route remove{.method = "DELETE",
               .path = "/image/{id}",
               .summary = "deletes a picture",
               .handle = delete_image,
               .success = 204};
  Route list{.method = "GET",
             .path = "/gallery",
             .summary = "the caller's pictures, newest first",
             .handle = gallery};
  list.query = {integer_field("limit", "at most (50)").between(1, 200),
                text_field("before", "an id: those that are older").up_to(100)};
  return {image, thumb, cells, remove, list};
}

}  // namespace yent::server
