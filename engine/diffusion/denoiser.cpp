#include "engine/diffusion/denoiser.h"

#include <algorithm>

#include "engine/core/nchw.h"
#include "engine/diffusion/memory_needs.h"
#include "kernels/error.h"

namespace yent {
namespace {

int calls_with_noise(const Schedule& schedule) {
  return static_cast<int>(std::count_if(schedule.calls.begin(), schedule.calls.end(),
                                        [](const ModelCall& c) { return c.reads_noise(); }));
}

}  // namespace

Denoiser::Denoiser(const DenoiserSpec& spec, Ctx c, const std::vector<float>& x, NoiseSource& noise)
    : spec_(spec) {
  const Shape& shape = spec.latent;
  require_memory(fmt::format("denoising a latent of {}x{}", shape.w, shape.h),
                 (kRegisters + 4 + calls_with_noise(spec.schedule)) * sizeof(float) * shape.count(),
                 c.backend);
  for (PersistentTensor& r : registers_) r = c.backend.allocate(shape, DType::f32);
  if (spec.predicts) x0_ = c.backend.allocate(shape, DType::f32);
  write(c.backend, registers_[kX], x);
  upload_noise(c.backend, noise);
  upload_coefficients(c.backend);
  condition(c);
  const int inputs = spec.repaint && !spec.repaint->inputs.empty() ? 2 * shape.c + 1 : shape.c;
  input_ = c.backend.allocate({spec.text.tensor.shape.n, shape.h, shape.w, inputs}, DType::f32);
  if (spec.repaint) upload_repaint(c.backend);
  const bool reuses = std::ranges::any_of(spec.plan, &PlannedCall::takes_deep);
  if (!reuses) return;
  const Shape deep = spec.network.deep_shape({spec.text.tensor.shape.n, shape.h, shape.w, shape.c});
  const Layout layout = c.backend.layout(deep, {Consumer::any, c.activations});
  deep_ = c.backend.allocate(deep, layout.tensor.dtype);
}

void Denoiser::write(Backend& backend, Tensor to, const std::vector<float>& nchw) const {
  backend.write(to, to_nhwc(nchw, spec_.latent).data());
}

Tensor Denoiser::image(Tensor batch, int i) const {
  const Shape& s = spec_.latent;
  const int pixels = s.h * s.w;
  return batch.slice(static_cast<size_t>(i) * pixels, pixels).view(1, s.h, s.w);
}

Tensor Denoiser::last_images(Tensor batch, int count) const {
  const Shape& s = spec_.latent;
  const int pixels = s.h * s.w, left_out = batch.shape.n - count;
  return batch.slice(static_cast<size_t>(left_out) * pixels, count * pixels).view(count, s.h, s.w);
}

void Denoiser::upload_noise(Backend& backend, NoiseSource& noise) {
  const Shape& s = spec_.latent;
  const int count = calls_with_noise(spec_.schedule);
  if (count == 0) return;
  noise_ = backend.allocate({count, s.h, s.w, s.c}, DType::f32);
  std::vector<float> values(s.count());
  for (int i = 0; i < count; ++i) {
    noise.normal(values.data(), values.size());
    write(backend, image(noise_, i), values);
  }
}

// In the order in which call_model and update read them.
void Denoiser::upload_coefficients(Backend& backend) {
  const auto g = static_cast<float>(spec_.guidance);
  std::vector<float> table{1};
  if (spec_.text.tensor.shape.n > 1) table = {1 - g, g};
  guidance_terms_ = static_cast<int>(table.size());
  table.push_back(1);  // for copies
  next_coefficient_ = static_cast<int>(table.size());
  for (const ModelCall& call : spec_.schedule.calls) {
    table.push_back(static_cast<float>(call.input_scale));
    if (spec_.predicts) {
      table.push_back(static_cast<float>(call.x0.x));
      table.push_back(static_cast<float>(call.x0.output));
    }
    for (const Update& update : call.updates) {
      for (const Term& term : update.terms) {
        table.push_back(static_cast<float>(term.coefficient));
      }
    }
    if (!keeps_picture()) continue;
    const bool last = &call == &spec_.schedule.calls.back();
    const Mixture level = last ? Mixture{} : (&call)[1].level;
    table.push_back(static_cast<float>(level.picture));
    table.push_back(static_cast<float>(level.noise));
  }
  coefficients_ = backend.allocate({1, 1, 1, static_cast<int>(table.size())}, DType::f32);
  backend.write(coefficients_, table.data());
}

// The network's further inputs, behind the latent's channels; or what stays of the picture.
void Denoiser::upload_repaint(Backend& backend) {
  const Repaint& repaint = *spec_.repaint;
  if (!repaint.inputs.empty()) {
    const Shape s = spec_.latent.with_c(input_.tensor.shape.c);
    std::vector<float> nchw(s.count() - repaint.inputs.size());  // the latent's place
    nchw.insert(nchw.end(), repaint.inputs.begin(), repaint.inputs.end());
    const std::vector<float> rows = to_nhwc(nchw, s);
    for (int i = 0; i < input_.tensor.shape.n; ++i) backend.write(image(input_, i), rows.data());
    return;
  }
  picture_ = backend.allocate(spec_.latent, DType::f32);
  added_noise_ = backend.allocate(spec_.latent, DType::f32);
  write(backend, picture_, repaint.picture);
  write(backend, added_noise_, repaint.noise);
  for (size_t i = 0; i < repaint.mask.size(); ++i) {
    if (repaint.mask[i]) continue;
    if (i == 0 || repaint.mask[i - 1]) kept_.emplace_back(i, 0);
    ++kept_.back().second;
  }
}

// What the whole schedule needs from the text and the times.
void Denoiser::condition(Ctx c) {
  std::vector<double> times;
  for (const ModelCall& call : spec_.schedule.calls) times.push_back(call.t);
  c.activations = Precision::f32;  // once per prompt: nothing to save
  conditioning_ = spec_.network.condition(c, spec_.text, times);
  // What differs from call to call lies at one place, so that a device can record a call once.
  conditioning_.now = c.backend.allocate(conditioning_.time.tensor.slice(0, 1).shape, DType::f32);
  if (spec_.words.empty()) return;
  attention_.emplace(c.backend, spec_.network.cross_attentions(spec_.latent), spec_.words,
                     conditioning_);
}

// That of the network's first phase, which carries those of the later ones.
const Conditioning& Denoiser::conditioning_of(int phase) const {
  return phase == 0 ? conditioning_ : conditioning_.later[phase - 1];
}

// A call without guidance is for the last image alone, that of the prompt.
Conditioning Denoiser::conditioning_for(int images, int phase) const {
  Conditioning of = conditioning_of(phase);
  of.now = conditioning_.now;
  for (size_t i = 0; i < of.texts.size(); ++i) of.texts[i].shares = conditioning_.texts[i].shares;
  for (BlockText& text : of.texts) {
    const Tensor& kv = text.kv.tensor;
    const int left_out = kv.shape.n - images, tokens = kv.shape.h * kv.shape.w;
    if (left_out == 0) break;
    text.kv.tensor =
        kv.slice(static_cast<size_t>(left_out) * tokens, images * tokens).view(images, tokens, 1);
  }
  return of;
}

DeepFeatures Denoiser::deep_features(int images, bool takes) const {
  if (!deep_) return {};
  return {{last_images(deep_, images), deep_.memory},
          coefficients_.tensor.cols(guidance_terms_, 1),
          takes};
}

Tensor Denoiser::coefficients(size_t count) {
  next_coefficient_ += static_cast<int>(count);
  return coefficients_.tensor.cols(next_coefficient_ - static_cast<int>(count),
                                   static_cast<int>(count));
}

void Denoiser::call_model(Ctx c, int k) {
  const int both = spec_.text.tensor.shape.n;
  const PlannedCall plan = spec_.plan.empty() ? PlannedCall{both > 1} : spec_.plan[k];
  const int n = plan.guided ? both : 1;
  const Tensor scale = coefficients(1), one = coefficients_.tensor.cols(guidance_terms_, 1);
  const Tensor input = last_images(input_, n);
  for (int i = 0; i < n; ++i) {
    c.backend.linear_combination(c.ws, image(input, i).cols(0, spec_.latent.c),
                                 std::array{registers_[kX].tensor}, scale);
  }
  const int phase = spec_.network.phase(k);
  c.backend.linear_combination(c.ws, conditioning_.now,
                               std::array{conditioning_of(phase).time.tensor.slice(k, 1)}, one);
  Conditioning conditioning = conditioning_for(n, phase);
  conditioning.deep = deep_features(n, plan.takes_deep);
  const Shape& s = spec_.latent;
  std::string key = fmt::format("unet {} {} {} {}", n, s.h, s.w, spec_.text.tensor.shape.h);
  if (attention_) key += fmt::format(" {} words", spec_.words.size());
  if (deep_) key += plan.takes_deep ? " takes" : " keeps";
  if (phase != 0) key += fmt::format(" phase {}", phase);
  c.ws.run(key, [&] {
    const Activation out = spec_.network(c, input, conditioning, k);
    std::vector<Tensor> rows;
    for (int i = 0; i < n; ++i) rows.push_back(image(out, i));
    c.backend.linear_combination(c.ws, registers_[kModelOutput], rows,
                                 n > 1 ? coefficients_.tensor.cols(0, guidance_terms_) : one);
  });
}

std::vector<WordMap> Denoiser::word_maps(Backend& backend) const {
  return attention_ ? attention_->read(backend) : std::vector<WordMap>();
}

void Denoiser::update(Ctx c, int k) {
  const ModelCall& call = spec_.schedule.calls[k];
  if (spec_.predicts) combine(c, x0_, {{kX, call.x0.x}, {kModelOutput, call.x0.output}});
  if (call.reads_noise()) registers_[kNoise].tensor = image(noise_, next_noise_++);
  for (const Update& update : call.updates) combine(c, registers_[update.to], update.terms);
  if (keeps_picture()) keep_picture(c);
}

// Where nothing is repainted, x is the picture at the level that the next call begins with.
void Denoiser::keep_picture(Ctx& c) {
  const Tensor level = coefficients(2), x = registers_[kX];
  for (const auto& [begin, length] : kept_) {
    const std::array terms{picture_.tensor.slice(begin, length),
                           added_noise_.tensor.slice(begin, length)};
    c.backend.linear_combination(c.ws, x.slice(begin, length), terms, level);
  }
}

void Denoiser::combine(Ctx& c, Tensor to, const std::vector<Term>& terms) {
  std::vector<Tensor> sources;
  for (const Term& term : terms) sources.push_back(registers_[term.source]);
  c.backend.linear_combination(c.ws, to, sources, coefficients(terms.size()));
}

}  // namespace yent
