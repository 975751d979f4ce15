// Errors, lists, memory, cancelling and devices of the C API.
#include <cstdlib>

#include "engine/api/api.h"
#include "engine/ascii/charset.h"
#include "engine/diffusion/samplers/sampler_table.h"
#include "engine/pipeline/device_check.h"
#include "engine/pipeline/named_policy.h"

namespace {

using namespace yent;
using namespace yent::api;

std::string& last_error() {
  thread_local std::string sentence;
  return sentence;
}

}  // namespace

namespace yent::api {

void set_error(const char* sentence) noexcept {
  try {
    last_error() = sentence;
  } catch (...) {
    last_error().clear();
  }
}

uint8_t* new_bytes(const void* bytes, size_t size) {
  void* copy = std::malloc(std::max<size_t>(size, 1));
  if (!copy) throw std::bad_alloc();
  if (size > 0) std::memcpy(copy, bytes, size);
  return static_cast<uint8_t*>(copy);
}

char* new_text(const std::string& text) {
  return reinterpret_cast<char*>(new_bytes(text.c_str(), text.size() + 1));
}

Policy policy_of(const char* precision, const char* policy, const char* policy_text,
                 const Backend& backend) {
  if (policy_text) return policy_from_text(policy_text, backend);
  return named_policy(text_of(policy), precision ? precision : "auto", backend);
}

}  // namespace yent::api

const char* yent_last_error(void) { return last_error().c_str(); }

const char* yent_version(void) { return YENT_VERSION; }

const char* yent_sampler_name(size_t index) {
  return index < sampler_table().size() ? sampler_table()[index].name : nullptr;
}

const char* yent_charset_name(size_t index) {
  // The names are literals, so they end with 0.
  return index < named_charsets().size() ? named_charsets()[index].name.data() : nullptr;
}

const char* yent_policy_name(size_t index) {
  static const std::vector<std::string> names = names_or_none(policy_names);
  return index < names.size() ? names[index].c_str() : nullptr;
}

void yent_free(void* memory) { std::free(memory); }

yent_cancel* yent_cancel_create(void) { return new (std::nothrow) yent_cancel; }

void yent_cancel_now(yent_cancel* token) {
  if (token) token->token.cancel();
}

void yent_cancel_reset(yent_cancel* token) {
  if (token) token->token.reset();
}

void yent_cancel_destroy(yent_cancel* token) { delete token; }

void yent_device_params_init(yent_device_params* params, size_t struct_size) {
  init_params(params, struct_size,
              {.struct_size = 0, .device = nullptr, .isa = nullptr, .threads = 0, .max_gpus = 16});
}

yent_status yent_device_create(const yent_device_params* params, yent_device** device) {
  return guard([&] {
    required(device, "device") = nullptr;
    const yent_device_params p = taken(params, yent_device_params_init);
    if (p.threads < 0 || p.threads > 1024) {
      throw usage_error("threads is {}, expected 0 to 1024", p.threads);
    }
    auto devices = std::make_shared<Devices>();
    devices->backends = make_agreeing_backends(
        {text_of(p.device), text_of(p.isa), p.threads, std::max(p.max_gpus, 1)},
        [](Backend& backend, int) { return device_difference(backend); },
        [](const std::string&) {});
    devices->name = devices->backends.front()->device();
    devices->isa = devices->backends.front()->isa();
    *device = new yent_device{std::move(devices)};
  });
}

void yent_device_destroy(yent_device* device) { delete device; }

const char* yent_device_name(const yent_device* device) {
  return device ? device->devices->name.c_str() : "";
}

const char* yent_device_isa(const yent_device* device) {
  return device ? device->devices->isa.c_str() : "";
}

int32_t yent_device_threads(const yent_device* device) {
  return device ? device->devices->backends.front()->threads() : 0;
}
