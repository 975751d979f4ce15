// Finished pictures: as PNG, small, in characters; and the gallery of a visitor.
#include "engine/ascii/charset.h"
#include "engine/ascii/terminal.h"
#include "tools/server/routes/table.h"
#include "tools/server/server.h"
#include "tools/server/workers/frames.h"

namespace yent::server {
namespace {

constexpr int kThumbSide = 128;

std::shared_ptr<const std::string> shared(const std::vector<uint8_t>& bytes) {
  return std::make_shared<const std::string>(reinterpret_cast<const char*>(bytes.data()),
                                             bytes.size());
}

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
    return png_response(shared(encode_png(at_most(image, kThumbSide))));
  });
}

// ---- In characters ----------------------------------------------------------------------------

std::vector<Field> look_fields(const RequestLimits& limits) {
  return {integer_field("columns", "100").between(10, limits.columns),
          text_field("charset", "a name, or characters (techno)").up_to(1024),
          text_field("glyphs", "by what a glyph is chosen (level)").one_of({"level", "shape"})};
}

AsciiArt drawn(const Image& image, const Fields& look) {
  const bool by_shape = look.text("glyphs") == "shape";
  AsciiOptions options{
      .columns = static_cast<int>(look.integer("columns", 100)),
      .charset = by_shape ? printable_ascii() : charset_from(look.text("charset", "techno")),
      .glyphs = by_shape ? GlyphChoice::shape : GlyphChoice::level};
  return draw_ascii(image, options);
}

// What a visitor keeps: never shown as a page of this server, whatever is in it.
Response file_response(const std::string& type, std::shared_ptr<const std::string> bytes) {
  return {.type = type,
          .headers = {{"Cache-Control", "private, max-age=3600"},
                      {"Content-Disposition", "attachment"}},
          .body = std::move(bytes)};
}

Response cells_as_json(const AsciiArt& art) {
  Response response = Response::json(200, cells_json(art).dump());
  response.headers = {{"Cache-Control", "private, max-age=3600"}};
  return response;
}

Response cells_as_png(const AsciiArt& art) {
  return file_response("image/png", shared(encode_png(paint_ascii(art))));
}

Response cells_as_text(const AsciiArt& art) {
  return file_response("text/plain; charset=utf-8",
                       std::make_shared<const std::string>(ascii_text(art)));
}

Response cells_as_html(const AsciiArt& art) {
  return file_response("text/html; charset=utf-8",
                       std::make_shared<const std::string>(ascii_html(art, "Yent")));
}

Route cells_route(const RequestLimits& limits, const char* ending, const char* type,
                  const char* summary, Response (*make)(const AsciiArt&)) {
  Route route{.method = "GET",
              .path = std::string("/image/{id}/cells") + ending,
              .summary = summary,
              .handle =
                  [make](const std::shared_ptr<Call>& call) {
                    charset_from(call->query.text("charset", "techno"));
                    answer_from(call, [call, make](const Image& image) {
                      return make(drawn(image, call->query));
                    });
                  },
              .query = look_fields(limits),
              .answer_type = type};
  return route;
}

// ---- The gallery ------------------------------------------------------------------------------

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
  return {image,
          thumb,
          cells_route(limits, "", "application/json", "a picture in characters", cells_as_json),
          cells_route(limits, ".png", "image/png", "the same as a picture", cells_as_png),
          cells_route(limits, ".txt", "text/plain", "the same as text", cells_as_text),
          cells_route(limits, ".html", "text/html", "the same as a page", cells_as_html),
          remove,
          list};
}

}  // namespace yent::server
