// oneDNN 3 on rows of bench_kernels: onednn NAME..., such as linear/int8_amx/8192x320x320 or
// conv3x3/bf16_amx/2x64x64x320to320. Formats are of its own choice, weights repacked before.
// Not part of the build; see README.md.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <oneapi/dnnl/dnnl.hpp>
#include <random>
#include <string_view>
#include <unordered_map>
#include <vector>

using dnnl::memory;
using Type = memory::data_type;
using Tag = memory::format_tag;

namespace {

dnnl::engine& cpu() {
  static dnnl::engine made(dnnl::engine::kind::cpu, 0);
  return made;
}

dnnl::stream& queue() {
  static dnnl::stream made(cpu());
  return made;
}

struct Op {
  dnnl::primitive primitive;
  std::unordered_map<int, memory> arguments;
};

struct Types {
  Type in, out;
};

Types types_of(std::string_view kind) {
  if (kind.starts_with("int8")) return {Type::s8, Type::bf16};
  if (kind.starts_with("bf16")) return {Type::bf16, Type::bf16};
  return {Type::f32, Type::f32};
}

// Noise in the format that a primitive asked for; int8 values are the rounded noise.
memory noise(const memory::desc& form) {
  const auto dims = form.get_dims();
  const memory values({dims, Type::f32, dims.size() == 4 ? Tag::abcd : Tag::ab}, cpu());
  memory made(form, cpu());
  auto* to = values.map_data<float>();
  std::mt19937 random(7);
  std::uniform_real_distribution<float> value(-1, 1);
  const float scale = form.get_data_type() == Type::s8 ? 127.f : 1.f;
  int64_t count = 1;
  for (const auto dim : dims) count *= dim;
  std::generate_n(to, count, [&] { return scale * value(random); });
  values.unmap_data(to);
  dnnl::reorder(values, made).execute(queue(), const_cast<memory&>(values), made);
  queue().wait();
  return made;
}

memory scales(int64_t count) {
  memory made({{count}, Type::f32, Tag::a}, cpu());
  auto* to = made.map_data<float>();
  std::fill_n(to, count, 1.f / (127 * 127));
  made.unmap_data(to);
  return made;
}

// One scale for all inputs, one for each output channel.
dnnl::primitive_attr attributes(Types types, int output_dim) {
  dnnl::primitive_attr made;
  if (types.in == Type::s8) {
    made.set_scales_mask(DNNL_ARG_SRC, 0);
    made.set_scales_mask(DNNL_ARG_WEIGHTS, 1 << output_dim);
  }
  return made;
}

template <class Primitive>
Op prepared(const typename Primitive::primitive_desc& what, Types types, int64_t out) {
  Op op{Primitive(what),
        {{DNNL_ARG_SRC, noise(what.src_desc())},
         {DNNL_ARG_WEIGHTS, noise(what.weights_desc())},
         {DNNL_ARG_DST, memory(what.dst_desc(), cpu())}}};
  if (types.in == Type::s8) {
    op.arguments.emplace(DNNL_ARG_ATTR_SCALES | DNNL_ARG_SRC, scales(1));
    op.arguments.emplace(DNNL_ARG_ATTR_SCALES | DNNL_ARG_WEIGHTS, scales(out));
  }
  return op;
}

Op product(Types types, int64_t rows, int64_t in, int64_t out, const dnnl::post_ops& after) {
  auto how = attributes(types, 1);
  how.set_post_ops(after);
  return prepared<dnnl::matmul>({cpu(),
                                 {{rows, in}, types.in, Tag::ab},
                                 {{in, out}, types.in, Tag::any},
                                 {{rows, out}, types.out, Tag::ab},
                                 how},
                                types, out);
}

// Gates are a product of their own, which the values' product is multiplied by.
std::vector<Op> linear(Types types, const std::vector<int64_t>& dims, bool gated) {
  const int64_t rows = dims[0], in = dims[1], out = dims[2];
  if (!gated) return {product(types, rows, in, out, {})};
  dnnl::post_ops gelu, by_gate;
  gelu.append_eltwise(dnnl::algorithm::eltwise_gelu_erf, 0, 0);
  by_gate.append_binary(dnnl::algorithm::binary_mul, {{rows, out / 2}, types.out, Tag::ab});
  std::vector<Op> ops = {product(types, rows, in, out / 2, gelu),
                         product(types, rows, in, out / 2, by_gate)};
  ops[1].arguments[DNNL_ARG_SRC] = ops[0].arguments[DNNL_ARG_SRC];
  ops[1].arguments.emplace(DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1,
                           ops[0].arguments[DNNL_ARG_DST]);
  return ops;
}

std::vector<Op> conv(Types types, const std::vector<int64_t>& dims) {
  const int64_t images = dims[0], h = dims[1], w = dims[2], in = dims[3], out = dims[4];
  const memory::dims ones = {1, 1};
  return {prepared<dnnl::convolution_forward>({cpu(),
                                               dnnl::prop_kind::forward_inference,
                                               dnnl::algorithm::convolution_direct,
                                               {{images, in, h, w}, types.in, Tag::any},
                                               {{out, in, 3, 3}, types.in, Tag::any},
                                               {{images, out, h, w}, types.out, Tag::any},
                                               ones,
                                               ones,
                                               ones,
                                               attributes(types, 0)},
                                              types, out)};
}

// Milliseconds of `runs` calls, until the last of them is done.
double time_ms(const std::vector<Op>& ops, int runs) {
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < runs; ++i) {
    for (const Op& op : ops) op.primitive.execute(queue(), op.arguments);
  }
  queue().wait();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
      .count();
}

std::vector<int64_t> numbers(std::string_view text) {
  std::vector<int64_t> found;
  const char* const end = text.data() + text.size();
  for (const char* at = text.data(); at < end;) {
    int64_t value = 0;
    const auto [rest, error] = std::from_chars(at, end, value);
    if (error == std::errc()) found.push_back(value);
    at = rest + 1;
  }
  return found;
}

void measure(std::string_view name) {
  const auto kind = name.substr(name.find('/') + 1);
  const auto dims = numbers(kind.substr(kind.find('/') + 1));
  const auto ops = name.starts_with("linear")
                       ? linear(types_of(kind), dims, name.ends_with("_gated"))
                       : conv(types_of(kind), dims);
  time_ms(ops, 1);
  const int runs = std::max(1, static_cast<int>(100 / time_ms(ops, 1)));
  const auto* version = dnnl_version();
  std::printf("{\"stage\": \"%.*s\", \"ms\": %f, \"version\": \"%d.%d.%d\"}\n",
              static_cast<int>(name.size()), name.data(), time_ms(ops, runs) / runs, version->major,
              version->minor, version->patch);
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) measure(argv[i]);
}
