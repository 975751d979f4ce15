#include "engine/models/vae.h"

#include "kernels/error.h"
#include "kernels/portable_math.h"
#include "loaders/io/json.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {
namespace {

constexpr float kEps = 1e-6f;  // of every norm in the VAE

ResBlock resnet(const WeightBinder& l, int in, int out, const VaeConfig& config) {
  return ResBlock(l, in, out, config.norm_num_groups, kEps);
}

// Blocks of each level; a convolution between two levels halves or doubles.
std::vector<int> tiny_blocks(const Json& j, const char* key, const std::string& path) {
  const std::vector<int64_t> usual = std::string_view(key) == "num_encoder_blocks"
                                         ? std::vector<int64_t>{1, 3, 3, 3}
                                         : std::vector<int64_t>{3, 3, 3, 1};
  const auto blocks = get_ints(j, key, usual, 1, 64, path);
  if (blocks.empty() || blocks.size() > 8) {
    throw file_error("{}: {} has {} entries, expected 1 to 8", path, key, blocks.size());
  }
  return {blocks.begin(), blocks.end()};
}

// The one width of all levels.
int tiny_channels(const Json& j, const char* key, size_t levels, const std::string& path) {
  const auto channels = get_ints(j, key, std::vector<int64_t>(levels, 64), 1, 1 << 14, path);
  if (channels != std::vector<int64_t>(levels, channels.empty() ? 0 : channels[0])) {
    throw file_error("{}: {} is {}, expected {} equal widths", path, key, printable(j[key].dump()),
                     levels);
  }
  return static_cast<int>(channels[0]);
}

VaeConfig tiny_config(const Json& j, const std::string& path) {
  VaeConfig c;
  c.in_channels = static_cast<int>(get_int(j, "in_channels", 3, 3, 3, path));
  c.out_channels = static_cast<int>(get_int(j, "out_channels", 3, 3, 3, path));
  c.latent_channels = static_cast<int>(get_int(j, "latent_channels", 4, 1, 64, path));
  c.scaling_factor = static_cast<float>(get_number(j, "scaling_factor", 1, 1e-6, 1e6, path));
  get_number(j, "shift_factor", 0, 0, 0, path);
  get_int(j, "upsampling_scaling_factor", 2, 2, 2, path);
  for (const auto& [key, known] :
       {std::pair("act_fn", "relu"), std::pair("upsample_fn", "nearest")}) {
    const std::string found = get_string(j, key, known, path);
    if (found != known) {
      throw file_error("{}: {} is {}, expected {}", path, key, printable(found), known);
    }
  }
  TinyVaeConfig& tiny = c.tiny.emplace();
  tiny.encoder_blocks = tiny_blocks(j, "num_encoder_blocks", path);
  tiny.decoder_blocks = tiny_blocks(j, "num_decoder_blocks", path);
  const size_t levels = tiny.decoder_blocks.size();
  if (tiny.encoder_blocks.size() != levels) {
    throw file_error("{}: num_encoder_blocks has {} entries, expected {} as num_decoder_blocks",
                     path, tiny.encoder_blocks.size(), levels);
  }
  tiny.encoder_channels = tiny_channels(j, "encoder_block_out_channels", levels, path);
  tiny.decoder_channels = tiny_channels(j, "decoder_block_out_channels", levels, path);
  c.block_out_channels.assign(levels, tiny.decoder_channels);
  return c;
}

}  // namespace

VaeConfig VaeConfig::from_json(const Json& j, const std::string& path) {
  if (!j.is_object()) throw file_error("{}: expected an object", path);
  if (j["_class_name"] == Json("AutoencoderTiny")) return tiny_config(j, path);
  VaeConfig c;
  c.in_channels = static_cast<int>(get_int(j, "in_channels", 3, 3, 3, path));
  c.out_channels = static_cast<int>(get_int(j, "out_channels", 3, 3, 3, path));
  c.latent_channels = static_cast<int>(get_int(j, "latent_channels", 4, 1, 64, path));
  c.layers_per_block = static_cast<int>(get_int(j, "layers_per_block", 1, 1, 8, path));
  c.norm_num_groups = static_cast<int>(get_int(j, "norm_num_groups", 32, 1, 1024, path));
  const double scale = get_number(j, "scaling_factor", 0.18215, 1e-6, 1e6, path);
  c.scaling_factor = static_cast<float>(scale);
  const auto channels =
      get_ints(j, "block_out_channels", std::vector<int64_t>{64}, 1, 1 << 14, path);
  c.block_out_channels.assign(channels.begin(), channels.end());
  if (channels.empty() || channels.size() > 8) {
    throw file_error("{}: block_out_channels has {} entries, expected 1 to 8", path,
                     channels.size());
  }
  for (const int64_t ch : channels) {
    if (ch % c.norm_num_groups == 0) continue;
    throw file_error("{}: block_out_channels has {}, expected a multiple of norm_num_groups {}",
                     path, ch, c.norm_num_groups);
  }
  for (const auto& [key, block] : {std::pair("down_block_types", "DownEncoderBlock2D"),
                                   std::pair("up_block_types", "UpDecoderBlock2D")}) {
    if (!j.contains(key)) continue;
    if (j[key] != Json(std::vector<std::string>(channels.size(), block))) {
      throw file_error("{}: {} is {}, expected {} x {}", path, key, printable(j[key].dump()),
                       channels.size(), block);
    }
  }
  for (const char* key : {"latents_mean", "latents_std", "shift_factor"}) {
    if (!j[key].is_null()) {
      throw file_error("{}: {} is {}, which this engine does not know", path, key,
                       printable(j[key].dump()));
    }
  }
  if (const std::string act = get_string(j, "act_fn", "silu", path); act != "silu") {
    throw file_error("{}: act_fn is {}, expected silu", path, printable(act));
  }
  c.use_quant_conv = get_bool(j, "use_quant_conv", true, path);
  c.use_post_quant_conv = get_bool(j, "use_post_quant_conv", true, path);
  c.mid_attention = get_bool(j, "mid_block_add_attention", true, path);
  return c;
}

void VaeConfig::before_decoder(std::vector<float>& latent) const {
  for (float& value : latent) {
    value /= scaling_factor;
    // 3 tanh(value / 3), which keeps what a tiny decoder was not trained for away from it.
    if (tiny) value = static_cast<float>(3 - 6 / (portable::exp(2.0 * value / 3) + 1));
  }
}

void VaeConfig::after_decoder(std::vector<float>& pixels) const {
  if (!tiny) return;
  for (float& value : pixels) value = 2 * value - 1;
}

void VaeConfig::before_encoder(std::vector<float>& pixels) const {
  if (!tiny) return;
  for (float& value : pixels) value = (value + 1) / 2;
}

VaeMid::VaeMid(const WeightBinder& l, int ch, const VaeConfig& config)
    : resnet0(resnet(l / "resnets" / 0, ch, ch, config)),
      resnet1(resnet(l / "resnets" / 1, ch, ch, config)) {
  if (!config.mid_attention) return;
  const WeightBinder a = l / "attentions" / 0;
  attention.emplace(
      Attention{GroupNorm(a / "group_norm", ch, config.norm_num_groups, kEps),
                LinearStack(a, ch, {{"to_q", ch}, {"to_k", ch}, {"to_v", ch}}, Bias::yes),
                Linear(a / "to_out" / 0, ch, ch),
                {}});
  attention->rule = a.attention(attention->to_qkv.precision());
  attention->group_norm.output_hint = attention->to_qkv.as_consumer();
  attention->to_qkv.give_to(attention->rule.grids  // which read f32
                                ? ConsumerHint{}
                                : ConsumerHint{Consumer::attention, attention->rule.precision});
}

Activation VaeMid::operator()(Ctx& c, Activation x) const {
  x = resnet0(c, std::move(x));
  if (attention) {
    const Shape image = x->shape;
    const int ch = image.c;
    x = x.view(image.n, image.h * image.w, 1);  // pixels are tokens
    Activation qkv = attention->to_qkv(c, attention->group_norm(c, x));
    Activation a = yent::attention(c, qkv->cols(0, ch), qkv->cols(ch, ch), qkv->cols(2 * ch, ch),
                                   {.precision = attention->rule.precision,
                                    .name = module_of(attention->to_qkv.name()),
                                    .grids = attention->rule.grids.get()});
    qkv = {};
    x = attention->to_out.add_to(c, std::move(x), a).view(image.n, image.h, image.w);
  }
  return resnet1(c, std::move(x));
}

KlDecoder::KlDecoder(const WeightBinder& l, const VaeConfig& config)
    : conv_in_(l / "decoder.conv_in", config.latent_channels, config.block_out_channels.back()),
      mid_(l / "decoder.mid_block", config.block_out_channels.back(), config),
      conv_norm_out_(l / "decoder.conv_norm_out", config.block_out_channels[0],
                     config.norm_num_groups, kEps),
      conv_out_(l / "decoder.conv_out", config.block_out_channels[0], config.out_channels) {
  if (config.use_post_quant_conv) {
    post_quant_conv_.emplace(l / "post_quant_conv", config.latent_channels, config.latent_channels);
  }
  const size_t levels = config.block_out_channels.size();
  int in = config.block_out_channels.back();
  for (size_t i = 0; i < levels; ++i) {
    const WeightBinder block = l / "decoder.up_blocks" / i;
    const int out = config.block_out_channels[levels - 1 - i];
    Up& u = up_.emplace_back();
    for (int j = 0; j <= config.layers_per_block; ++j) {
      u.resnets.push_back(resnet(block / "resnets" / j, in, out, config));
      in = out;
    }
    if (i + 1 < levels) {
      u.upsample.emplace(block, out);
    }
  }
  conv_out_.output_hint = ConsumerHint{};  // the pixels, exact
}

Activation KlDecoder::operator()(Ctx& c, Tensor latent) const {
  Activation x =
      post_quant_conv_ ? conv_in_(c, (*post_quant_conv_)(c, latent)) : conv_in_(c, latent);
  x = mid_(c, std::move(x));  // {n, 64, 64, 512}
  for (const Up& u : up_) {
    for (const ResBlock& resnet : u.resnets) x = resnet(c, std::move(x));
    if (u.upsample) x = (*u.upsample)(c, x, 2 * x->shape.h, 2 * x->shape.w);
  }
  return conv_out_(c, conv_norm_out_.silu(x));  // {n, 512, 512, 3}
}

KlEncoder::KlEncoder(const WeightBinder& l, const VaeConfig& config)
    : conv_in_(l / "encoder.conv_in", config.in_channels, config.block_out_channels[0]),
      mid_(l / "encoder.mid_block", config.block_out_channels.back(), config),
      conv_norm_out_(l / "encoder.conv_norm_out", config.block_out_channels.back(),
                     config.norm_num_groups, kEps),
      conv_out_(l / "encoder.conv_out", config.block_out_channels.back(),
                2 * config.latent_channels) {
  int in = config.block_out_channels[0];
  for (size_t i = 0; i < config.block_out_channels.size(); ++i) {
    const WeightBinder block = l / "encoder.down_blocks" / i;
    const int out = config.block_out_channels[i];
    Down& d = down_.emplace_back();
    for (int j = 0; j < config.layers_per_block; ++j) {
      d.resnets.push_back(resnet(block / "resnets" / j, in, out, config));
      in = out;
    }
    if (i + 1 < config.block_out_channels.size()) {
      // Padded on the right and at the bottom only.
      d.downsample.emplace(block, out, 0);
    }
  }
  if (config.use_quant_conv) {
    quant_conv_.emplace(l / "quant_conv", 2 * config.latent_channels, 2 * config.latent_channels);
  }
  (quant_conv_ ? quant_conv_->output_hint : conv_out_.output_hint) =
      ConsumerHint{};  // the moments, exact
}

Activation KlEncoder::operator()(Ctx& c, Tensor image) const {
  Activation x = conv_in_(c, image);
  for (const Down& d : down_) {
    for (const ResBlock& resnet : d.resnets) x = resnet(c, std::move(x));
    if (d.downsample) x = (*d.downsample)(c, x);
  }
  x = mid_(c, std::move(x));
  x = conv_out_(c, conv_norm_out_.silu(x));
  return quant_conv_ ? (*quant_conv_)(c, x) : x;
}

VaeDecoder::VaeDecoder(const WeightBinder& l, const VaeConfig& config)
    : network_(config.tiny ? decltype(network_)(TinyDecoder(l, config))
                           : decltype(network_)(KlDecoder(l, config))) {}

Activation VaeDecoder::operator()(Ctx& c, Tensor latent) const {
  return std::visit([&](const auto& network) { return network(c, latent); }, network_);
}

VaeEncoder::VaeEncoder(const WeightBinder& l, const VaeConfig& config)
    : network_(config.tiny ? decltype(network_)(TinyEncoder(l, config))
                           : decltype(network_)(KlEncoder(l, config))) {}

Activation VaeEncoder::operator()(Ctx& c, Tensor image) const {
  return std::visit([&](const auto& network) { return network(c, image); }, network_);
}

}  // namespace yent
