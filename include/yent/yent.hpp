// yent.h for C++: objects that destroy themselves, and errors as exceptions. Header only. What
// yent.h says of threads and lifetimes holds here, too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "yent/yent.h"

namespace yent_api {

class Error : public std::runtime_error {
 public:
  Error(yent_status status, const std::string& sentence)
      : std::runtime_error(sentence), status_(status) {}
  yent_status status() const { return status_; }

 private:
  yent_status status_;
};

inline void check(yent_status status) {
  if (status != YENT_OK) throw Error(status, yent_last_error());
}

// Owns what yent.h's functions create.
template <class T, void (*destroy)(T*)>
struct Destroy {
  void operator()(T* object) const { destroy(object); }
};
template <class T, void (*destroy)(T*)>
using Handle = std::unique_ptr<T, Destroy<T, destroy>>;

using Cancel = Handle<yent_cancel, yent_cancel_destroy>;
using Device = Handle<yent_device, yent_device_destroy>;
using Painter = Handle<yent_painter, yent_painter_destroy>;
using Pictures = Handle<yent_pictures, yent_pictures_destroy>;
using Session = Handle<yent_session, yent_session_destroy>;
using Reaction = Handle<yent_reaction, yent_reaction_destroy>;
using Style = Handle<yent_style, yent_style_destroy>;
using Preset = Handle<yent_preset, yent_preset_destroy>;

// Parameters with their defaults.
template <class Params>
Params defaults(void (*init)(Params*, size_t)) {
  Params params;
  init(&params, sizeof params);
  return params;
}
inline yent_device_params device_params() { return defaults(yent_device_params_init); }
inline yent_painter_params painter_params() { return defaults(yent_painter_params_init); }
inline yent_paint_params paint_params() { return defaults(yent_paint_params_init); }
inline yent_similarity_params similarity_params() { return defaults(yent_similarity_params_init); }
inline yent_ascii_params ascii_params() { return defaults(yent_ascii_params_init); }
inline yent_session_params session_params() { return defaults(yent_session_params_init); }
inline yent_react_params react_params() { return defaults(yent_react_params_init); }
inline yent_complete_params complete_params() { return defaults(yent_complete_params_init); }

inline Cancel make_cancel() {
  Cancel token(yent_cancel_create());
  if (!token) throw std::bad_alloc();
  return token;
}

inline Device open_device(const yent_device_params& params = device_params()) {
  yent_device* device = nullptr;
  check(yent_device_create(&params, &device));
  return Device(device);
}

inline Painter open_painter(const Device& device,
                            const yent_painter_params& params = painter_params()) {
  yent_painter* painter = nullptr;
  check(yent_painter_create(device.get(), &params, &painter));
  return Painter(painter);
}

inline Pictures paint(const Painter& painter, const yent_paint_params& params) {
  yent_pictures* pictures = nullptr;
  check(yent_paint(painter.get(), &params, &pictures));
  return Pictures(pictures);
}

inline Session open_session(const Device& device,
                            const yent_session_params& params = session_params()) {
  yent_session* session = nullptr;
  check(yent_session_create(device.get(), &params, &session));
  return Session(session);
}

inline Reaction react(const Session& session, const yent_react_params& params) {
  yent_reaction* reaction = nullptr;
  check(yent_react(session.get(), &params, &reaction));
  return Reaction(reaction);
}

inline std::string take(char* text) {
  const std::unique_ptr<char, void (*)(void*)> owned(text, yent_free);
  return owned.get();
}

inline std::string roast(const Session& session, const yent_react_params& params) {
  char* text = nullptr;
  check(yent_roast(session.get(), &params, &text));
  return take(text);
}

inline std::string save(const Session& session) {
  char* json = nullptr;
  check(yent_session_save(session.get(), &json));
  return take(json);
}

inline void restore(const Session& session, const std::string& json) {
  check(yent_session_restore(session.get(), json.c_str()));
}

inline Style find_style(const char* name, const char* model = nullptr) {
  yent_style* found = nullptr;
  check(yent_style_find(name, model, &found));
  return Style(found);
}

inline Preset find_preset(const char* name) {
  yent_preset* found = nullptr;
  check(yent_preset_find(name, &found));
  return Preset(found);
}

inline std::string prefixed(const Preset& preset, const std::string& prompt) {
  char* text = nullptr;
  check(yent_preset_prefixed(preset.get(), prompt.c_str(), &text));
  return take(text);
}

inline std::string explain(const Painter& painter) {
  char* text = nullptr;
  check(yent_painter_explain(painter.get(), &text));
  return take(text);
}

inline std::string complete(const Session& session, const yent_complete_params& params) {
  char* text = nullptr;
  check(yent_complete(session.get(), &params, &text, nullptr));
  return take(text);
}

inline std::string ascii_text(const yent_image& image,
                              const yent_ascii_params& params = ascii_params()) {
  char* text = nullptr;
  check(yent_ascii_text(image, &params, &text));
  return take(text);
}

inline std::vector<uint8_t> encode_png(const yent_image& image, const char* infotext = nullptr) {
  uint8_t* bytes = nullptr;
  size_t size = 0;
  check(yent_encode_png(image, infotext, &bytes, &size));
  const std::unique_ptr<uint8_t, void (*)(void*)> owned(bytes, yent_free);
  return {bytes, bytes + size};
}

}  // namespace yent_api
