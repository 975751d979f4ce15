// What the files of the C API share: from exceptions to statuses, from versioned structs to ours,
// from handles to objects.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "engine/core/cancel.h"
#include "engine/core/policy.h"
#include "kernels/backend.h"
#include "kernels/error.h"
#include "yent/yent.h"

namespace yent {

struct Devices {
  std::vector<std::unique_ptr<Backend>> backends;
  std::string name, isa;

  std::vector<Backend*> pointers() const {
    std::vector<Backend*> all;
    for (const auto& backend : backends) all.push_back(backend.get());
    return all;
  }
};

}  // namespace yent

struct yent_device {
  std::shared_ptr<yent::Devices> devices;
};

struct yent_cancel {
  yent::CancelToken token;
};

namespace yent::api {

// Keeps the sentence for yent_last_error.
void set_error(const char* sentence) noexcept;

// Runs `work` and turns what it throws into a status.
template <class Work>
yent_status guard(const Work& work) noexcept {
  try {
    work();
    return YENT_OK;
  } catch (const Error& error) {
    set_error(error.what());
    switch (error.kind()) {
      case Error::usage:
        return YENT_ERROR_USAGE;
      case Error::file:
        return YENT_ERROR_FILE;
      case Error::run:
        return YENT_ERROR_RUN;
      case Error::cancelled:
        return YENT_ERROR_CANCELLED;
    }
  } catch (const std::bad_alloc&) {
    set_error("memory ran out");
  } catch (const std::exception& error) {
    set_error(error.what());
  } catch (...) {
    set_error("an unknown error");
  }
  return YENT_ERROR_RUN;
}

// What an init function does: our defaults, as many of them as the caller's struct has room for.
template <class Params>
void init_params(Params* params, size_t struct_size, Params defaults) {
  if (!params || struct_size < sizeof(size_t)) return;
  defaults.struct_size = struct_size;
  std::memcpy(static_cast<void*>(params), &defaults, std::min(struct_size, sizeof(Params)));
}

// The caller's parameters over our defaults: a caller built against an older header has fewer
// fields, one built against a newer header may have more, which this library does not know.
template <class Params>
Params taken(const Params* given, void (*init)(Params*, size_t)) {
  Params params;
  init(&params, sizeof params);
  if (!given) return params;
  const size_t size = given->struct_size;
  if (size < 2 * sizeof(size_t) || size % alignof(Params) != 0) {
    throw usage_error("the parameters were not initialized by their init function");
  }
  std::memcpy(static_cast<void*>(&params), given, std::min(size, sizeof(Params)));
  params.struct_size = sizeof(Params);
  return params;
}

inline std::string text_of(const char* text) { return text ? text : ""; }

inline const CancelToken* token_of(const yent_cancel* cancel) {
  return cancel ? &cancel->token : nullptr;
}

template <class T>
const T& required(const T* pointer, const char* what) {
  if (!pointer) throw usage_error("{} is NULL", what);
  return *pointer;
}

template <class T>
T& required(T* pointer, const char* what) {
  if (!pointer) throw usage_error("{} is NULL", what);
  return *pointer;
}

// The names of a list, none where it cannot be read: a list has no status.
template <class List>
std::vector<std::string> names_or_none(const List& list) noexcept {
  try {
    return list();
  } catch (...) {
    return {};
  }
}

// A copy that the caller frees by yent_free.
char* new_text(const std::string& text);
uint8_t* new_bytes(const void* bytes, size_t size);

// The policy that three strings of a params struct ask for, of which at most two may be NULL.
Policy policy_of(const char* precision, const char* policy, const char* policy_text,
                 const Backend& backend);

}  // namespace yent::api
