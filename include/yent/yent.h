/* yent as a library: a painter, a voice and a session between them, for any program that can call
 * C.
 *
 * Objects are opaque. What a function creates, the caller destroys; every destroy function takes
 * NULL. An object keeps alive what it was made from, so the order of destruction does not matter.
 *
 * Parameters are structs that an init function fills with defaults: it is told sizeof the struct,
 * and notes it there, so that a program built against an older header works with a newer library.
 * Set fields after that. The library copies what it needs: strings and arrays of parameters
 * must live until the function returns, not longer. Strings are UTF-8 and end with 0.
 *
 * Errors: functions that can fail return a yent_status, and yent_last_error() tells the sentence.
 * Nothing is printed, nothing is read from the environment, no exception leaves the library.
 * Where a function fails, its outputs are set to NULL.
 *
 * Threads: a device and what was made from it are used by one thread at a time, except where a
 * function says otherwise. Different devices may be used by different threads at once, also two
 * that compute on the same processor. Callbacks run on the thread that called (on several GPUs: on
 * one of the library's threads, never two at a time). They must not throw and must not call back
 * into the object that is at work.
 */
#ifndef YENT_YENT_H
#define YENT_YENT_H

#include <stddef.h>
#include <stdint.h>

#include "yent/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- Errors, versions, lists ------------------------------------------------------------------ */

typedef enum yent_status {
  YENT_OK = 0,
  YENT_ERROR_RUN = 1,      /* the run failed: memory, a device, an output */
  YENT_ERROR_USAGE = 2,    /* what was asked for makes no sense */
  YENT_ERROR_FILE = 3,     /* a file is missing, malformed or does not fit */
  YENT_ERROR_CANCELLED = 4 /* somebody cancelled the work */
} yent_status;

/* The sentence of the last failure on the calling thread, "" if there was none. Valid until the
 * thread's next failing call. Any thread. */
YENT_API const char* yent_last_error(void);

/* "0.1.0". Any thread. */
YENT_API const char* yent_version(void);

/* The index-th name of a list, NULL behind its end; the names live as long as the program. Any
 * thread. Samplers and charsets are built in, policies, styles and presets are those that ship. */
YENT_API const char* yent_sampler_name(size_t index);
YENT_API const char* yent_charset_name(size_t index);
YENT_API const char* yent_policy_name(size_t index);
YENT_API const char* yent_style_name(size_t index);
YENT_API const char* yent_preset_name(size_t index);

/* Gives back what a function returned as char* or uint8_t*. Any thread. */
YENT_API void yent_free(void* memory);

/* --- Cancelling ------------------------------------------------------------------------------- */

typedef struct yent_cancel yent_cancel;

/* NULL when memory runs out. */
YENT_API yent_cancel* yent_cancel_create(void);
/* Any thread, at any time: work that was given this token stops at its next op and returns
 * YENT_ERROR_CANCELLED. A token stays cancelled until it is reset. */
YENT_API void yent_cancel_now(yent_cancel* token);
YENT_API void yent_cancel_reset(yent_cancel* token);
/* Not while work that was given the token goes on. */
YENT_API void yent_cancel_destroy(yent_cancel* token);

/* --- Devices ---------------------------------------------------------------------------------- */

typedef struct yent_device yent_device;

typedef struct yent_device_params {
  size_t struct_size;
  const char* device; /* "cpu", "cuda", "cuda:N", "cuda:all"; NULL: a GPU where one answers */
  const char* isa;    /* cap on the CPU's instruction set, NULL: none */
  int32_t threads;    /* of the CPU; 0: one for each physical core */
  int32_t max_gpus;   /* of "cuda:all" */
} yent_device_params;

YENT_API void yent_device_params_init(yent_device_params* params, size_t struct_size);
/* `params` may be NULL. */
YENT_API yent_status yent_device_create(const yent_device_params* params, yent_device** device);
YENT_API void yent_device_destroy(yent_device* device);
/* "cpu" or "cuda"; "avx2", ...; how many threads. Valid as long as the device. Any thread. */
YENT_API const char* yent_device_name(const yent_device* device);
YENT_API const char* yent_device_isa(const yent_device* device);
YENT_API int32_t yent_device_threads(const yent_device* device);

/* --- A painter -------------------------------------------------------------------------------- */

typedef struct yent_painter yent_painter;

typedef struct yent_lora {
  const char* path;
  float scale;
} yent_lora;

typedef void (*yent_message_fn)(void* user, const char* sentence);

typedef struct yent_painter_params {
  size_t struct_size;
  const char* model;       /* a diffusers folder, a single-file checkpoint, or "default" */
  const char* precision;   /* "auto", "f32", "bf16", "f16", "int8" */
  const char* policy;      /* a policy's file or name, instead of a precision; may be NULL */
  const char* policy_text; /* the text of a policy, instead of both; may be NULL */
  const char* tokenizer;   /* a folder instead of the model's own; may be NULL */
  const yent_lora* loras;
  size_t lora_count;
  int32_t keep_loaded;   /* 1: the second picture loads nothing; 0: one network at a time */
  int32_t text_is_given; /* 1: every request brings embeddings, no text encoder is opened */
  yent_message_fn on_warning, on_note; /* may be NULL; called as long as the painter lives */
  void* user;
  const char* lora_dir; /* a folder where <lora:name:scale> of a prompt finds its file; or NULL */
  const char* const* embeddings; /* textual inversion files, used where a prompt has their words */
  size_t embedding_count;
  const char* vae;        /* a diffusers folder or a file instead of the model's own; may be NULL */
  const char* variant;    /* of a folder's weights: *.NAME.safetensors; may be NULL */
  const char* prediction; /* "eps" or "v", whatever the files say; may be NULL */
  /* 1: yent_pictures_measured tells what quantization did to every layer. Pictures are the same,
   * but take several times as long; one device paints them. */
  int32_t measure_layers;
} yent_painter_params;

YENT_API void yent_painter_params_init(yent_painter_params* params, size_t struct_size);
/* Reads configs and adapters; networks are loaded with the first picture. */
YENT_API yent_status yent_painter_create(yent_device* device, const yent_painter_params* params,
                                         yent_painter** painter);
YENT_API void yent_painter_destroy(yent_painter* painter);
/* What every layer computes with, a line each: layer, precision, style, kernel, bytes. Loads
 * everything. */
YENT_API yent_status yent_painter_explain(yent_painter* painter, char** text);
/* Tokens of a literal prompt without start and end, and how many of them the model sees. */
YENT_API yent_status yent_painter_count_tokens(yent_painter* painter, const char* prompt,
                                               int32_t* count, int32_t* capacity);
/* The same for a prompt of a grammar (see yent_paint_params). In "a1111" no prompt is cut: it takes
 * chunks of `capacity` tokens, of which all but the last count in full. */
YENT_API yent_status yent_painter_count_prompt(yent_painter* painter, const char* prompt,
                                               const char* grammar, int32_t* count,
                                               int32_t* capacity);

/* --- Pictures --------------------------------------------------------------------------------- */

/* A picture in memory: `rgb` [height][width][3], one byte each. */
typedef struct yent_image {
  const uint8_t* rgb;
  int32_t width, height;
} yent_image;

/* A latent in memory: `values` [channels][height][width]. */
typedef struct yent_latent {
  const float* values;
  int32_t channels, height, width;
} yent_latent;

/* One call of the model is done. Valid during the callback. */
typedef struct yent_step yent_step;
YENT_API int32_t yent_step_picture(const yent_step* step); /* of the request, from 0 */
YENT_API int32_t yent_step_call(const yent_step* step);    /* of this picture, from 0 */
YENT_API int32_t yent_step_calls(const yent_step* step);   /* how many this picture takes */
/* Copies of the latent after the step, and of the clean picture the model now expects; valid until
 * the same function is called again or the callback returns. */
YENT_API yent_status yent_step_latent(yent_step* step, yent_latent* latent);
YENT_API yent_status yent_step_x0(yent_step* step, yent_latent* x0);

/* A finished picture. In a callback it is valid until that returns, in a result until that is
 * destroyed. */
typedef struct yent_picture {
  size_t struct_size;
  int32_t index; /* of the request's pictures */
  uint64_t seed;
  yent_image image;
  yent_latent first_latent; /* what denoising began with: unit noise, or the noised picture */
  yent_latent last_latent;  /* what the decoder got */
  const char* infotext;     /* its settings, as AUTOMATIC1111 writes them */
} yent_picture;

typedef struct yent_paint_params {
  size_t struct_size;
  const char* prompt;
  const char* negative;
  int32_t width, height; /* 0: the model's own */
  int32_t steps;
  double guidance;     /* 1 and less: the negative prompt is not asked */
  const char* sampler; /* NULL: the model's own */
  int32_t karras;      /* 1: Karras' noise levels */
  const char* rng;     /* "cpu" or "cuda": noise as PyTorch draws it there */
  uint64_t seed;       /* the k-th picture is painted as if alone, with seed + k */
  int32_t count;
  yent_image picture; /* where to start; rgb NULL: from noise */
  double strength;    /* of what may change in it, in (0, 1] */
  yent_image mask;    /* with a picture: repaint where it is white; any size */
  /* Text embeddings instead of prompts, [tokens][embedding_width] each; uncond is not needed
   * unguided. NULL: the prompts count. */
  const float *cond, *uncond;
  int32_t tokens, embedding_width;
  /* Unit noise instead of the seed: `count` latents. NULL: the seed counts. */
  const yent_latent* first_latents;
  /* A safetensors file that keeps the stages of the run, and of layers whose path matches the
   * glob their outputs, too. NULL: nothing is kept. Past a limit on the size of files the system
   * sends SIGXFSZ; a program that ignores it gets a status instead. */
  const char *dump_path, *dump_layers;
  int32_t preview_every; /* calls of the model between two previews; 0: none */
  int32_t preview_side;  /* latent pixels along a preview's longer side */
  void (*on_step)(void* user, yent_step* step);                                    /* may be NULL */
  void (*on_preview)(void* user, int32_t picture, int32_t call, yent_image image); /* may be NULL */
  void (*on_picture)(void* user, const yent_picture* picture);                     /* may be NULL */
  void* user;
  yent_cancel* cancel; /* may be NULL */
  /* How both prompts are read: "literal" (or NULL), or "a1111" for (word:1.2), [word], BREAK and
   * <lora:name:scale> as AUTOMATIC1111's web UI reads them. */
  const char* grammar;
  /* The text encoder's layer whose output counts, from its last (0 or 1) backwards. */
  int32_t clip_skip;
  /* "karras", "exponential", "beta" or "normal", of a sigma sampler; "trailing", the timesteps of
   * models of few steps, of any. NULL: the model's, or `karras`. */
  const char* noise_levels;
  /* Adapters of this request, beside the painter's. Where they differ from the last request's, the
   * layers that they change are bound again and nothing else is. */
  const yent_lora* loras;
  size_t lora_count;
  /* Added to timesteps that are counted from 0. -1: the model's own. */
  int32_t steps_offset;
  /* "lanczos" or "bicubic": how the picture is fitted to the size. NULL: lanczos. */
  const char* resize;
  /* Of every `cache` calls of the denoising network only the first goes through its deep layers (1,
   * or 0: all do). Guidance only in this part of the noise schedule: 0 is the noise, 1 the picture.
   */
  int32_t cache;
  double guided_from, guided_to;
  /* Of the sampler "ddim": how much fresh noise each step gets, from 0 (none) to 1 (ddpm's). */
  double eta;
} yent_paint_params;

typedef struct yent_pictures yent_pictures;

YENT_API void yent_paint_params_init(yent_paint_params* params, size_t struct_size);
/* Paints. `pictures` may be NULL where a callback takes them. */
YENT_API yent_status yent_paint(yent_painter* painter, const yent_paint_params* params,
                                yent_pictures** pictures);
YENT_API void yent_pictures_destroy(yent_pictures* pictures);
YENT_API size_t yent_pictures_count(const yent_pictures* pictures);
/* NULL behind the end. Any thread. */
YENT_API const yent_picture* yent_pictures_get(const yent_pictures* pictures, size_t index);
/* A JSON object of what was measured: "timings_ms" by stage, "device", "isa", "threads",
 * "max_rss_mb" of the process. Of a painter that measures layers also "layers", an array of
 * objects: "layer", "what" ("weights", "input" or "output"), "sqnr" (signal to noise of the
 * quantization in dB; null where nothing changed), and of its codes, where one grid made them,
 * "code_used" (share of the codes that were met), "code_eff" (2^entropy over their number),
 * "code_ends" (share at the first and the last). Sums are over all calls and pictures. Valid as
 * long as the pictures. */
YENT_API const char* yent_pictures_measured(const yent_pictures* pictures);

/* --- Measures --------------------------------------------------------------------------------- */

/* How two pictures are compared inside the denoising network: DiffSim, arXiv 2412.14580. The
 * queries of one read the keys and values of the other in the last self-attention of the first up
 * block that has some; 1 where they find what they find at home. */
typedef struct yent_similarity_params {
  size_t struct_size;
  int32_t timestep; /* how much noise both get: 101 (the default) for style, 501 for content */
  uint64_t seed, second_seed;      /* of the first's noise and the second's, 0; equal: the same */
  const yent_latent* noises;       /* instead of the seeds: two, of the latents' shape; or NULL */
  const float *cond, *uncond;      /* text embeddings as of yent_paint_params; cond NULL: "" */
  int32_t tokens, embedding_width; /* with uncond, both texts are asked */
  const char* how;                 /* "cosine" (or NULL), or "mean-square": smaller is more alike */
  yent_cancel* cancel;             /* may be NULL */
} yent_similarity_params;

YENT_API void yent_similarity_params_init(yent_similarity_params* params, size_t struct_size);
/* Of two final latents of one shape, as last_latent of a picture has them. The painter's policy
 * counts, with those of its rules that hold for all steps. `params` may be NULL. `score` is 0 where
 * the function fails. */
YENT_API yent_status yent_painter_similarity(yent_painter* painter, yent_latent first,
                                             yent_latent second,
                                             const yent_similarity_params* params, double* score);

/* What can be measured of a picture, by name; NULL behind the last. Alone: "hf_ratio", "std",
 * "entropy", "mean", "flatness", "clipped", "clipped_full"; against a baseline: "psnr", "mae",
 * "edge", "edge_ratio", "palette"; of both latents: "cosine_distance". docs/laboratory.md says what
 * they are. Any thread. */
YENT_API const char* yent_measure_name(size_t index);
/* `values` gets a number for each name, in that order; NaN where it is undefined: the sizes differ,
 * or the baseline (rgb NULL) or a latent (values NULL) is not given. Any thread. */
YENT_API yent_status yent_measure(yent_image picture, yent_image baseline, yent_latent latent,
                                  yent_latent baseline_latent, double* values);

/* A PNG of a picture; `infotext` (may be NULL) becomes its chunk "parameters". Free the bytes with
 * yent_free. Any thread. */
YENT_API yent_status yent_encode_png(yent_image image, const char* infotext, uint8_t** bytes,
                                     size_t* size);
/* A PNG or JPEG from memory, upright whatever its EXIF orientation. `rgb` of the result is freed
 * with yent_free. Any thread. */
YENT_API yent_status yent_decode_image(const uint8_t* bytes, size_t size, yent_image* image);

/* --- Styles and presets -------------------------------------------------------------------------
 */

/* Words behind the prompt and, where one was trained for the painter, an adapter. */
typedef struct yent_style yent_style;

/* `style` is a name of yent_style_name or an adapter's file, `model` the painter's that it is for
 * (NULL: "default"). */
YENT_API yent_status yent_style_find(const char* style, const char* model, yent_style** found);
YENT_API void yent_style_destroy(yent_style* style);
/* The words with the comma in front, "" where there are none; the adapter, NULL where there is
 * none. Valid as long as the style. Any thread. */
YENT_API const char* yent_style_suffix(const yent_style* style);
YENT_API const yent_lora* yent_style_adapter(const yent_style* style);

/* How the people who use a model paint with it. */
typedef struct yent_preset yent_preset;

/* A name of yent_preset_name, a file with one preset, or FILE:NAME. */
YENT_API yent_status yent_preset_find(const char* preset, yent_preset** found);
YENT_API void yent_preset_destroy(yent_preset* preset);
/* Puts what the preset says into the parameters: negative prompt, sampler, steps, guidance, size,
 * seed, strength, steps_offset, resize. Strings there are valid as long as the preset. Any thread.
 */
YENT_API yent_status yent_preset_apply(const yent_preset* preset, yent_paint_params* params);
/* A copy of the prompt with the words in front that the model was trained to wait for, unless it
 * has them. Any thread. */
YENT_API yent_status yent_preset_prefixed(const yent_preset* preset, const char* prompt,
                                          char** prefixed);
/* The index-th prompt of its menu and what not to paint with it; NULL behind the end. Valid as long
 * as the preset. Any thread. */
YENT_API const char* yent_preset_prompt(const yent_preset* preset, size_t index);
YENT_API const char* yent_preset_negative(const yent_preset* preset, size_t index);

/* --- ASCII art -------------------------------------------------------------------------------- */

typedef struct yent_ascii_params {
  size_t struct_size;
  int32_t columns;     /* 100 */
  const char* charset; /* a name, or the characters themselves, dark to bright */
  double boost, fill;  /* brightness of the glyphs, and of what is behind them */
  int32_t invert, colour;
  const char* escapes; /* of the text: "none", "256" or "true" colours */
} yent_ascii_params;

YENT_API void yent_ascii_params_init(yent_ascii_params* params, size_t struct_size);
/* The art as text, lines end with \n. Any thread. */
YENT_API yent_status yent_ascii_text(yent_image image, const yent_ascii_params* params,
                                     char** text);
/* The art drawn into a picture of the same size, with as many columns as can be read there. `rgb`
 * of the result is freed with yent_free. Any thread. */
YENT_API yent_status yent_ascii_image(yent_image image, const yent_ascii_params* params,
                                      yent_image* drawn);

/* --- Yent himself, and the language model alone ----------------------------------------------- */

typedef struct yent_session yent_session;

typedef struct yent_session_params {
  size_t struct_size;
  const char* voice;                            /* a GGUF file, or "default" */
  const char *precision, *policy, *policy_text; /* as of a painter */
  int32_t context;                              /* tokens; 0: the file's */
  yent_cancel* cancel;                          /* of the loading; may be NULL */
  /* 1: two Yents take turns, one reacts, the other roasts. A has `voice`, B has `second_voice`
   * (NULL: the same). */
  int32_t two;
  const char* second_voice;
  int32_t dissonance; /* 1: temperatures follow from what was said before */
} yent_session_params;

YENT_API void yent_session_params_init(yent_session_params* params, size_t struct_size);
/* Loads the voice. */
YENT_API yent_status yent_session_create(yent_device* device, const yent_session_params* params,
                                         yent_session** session);
YENT_API void yent_session_destroy(yent_session* session);

typedef struct yent_react_params {
  size_t struct_size;
  const char* said;
  const char* mood;   /* forced; NULL: by what was said */
  double temperature; /* below 0: the persona's */
  int32_t top_k;
  uint64_t seed;
  yent_painter* painter; /* must be idle; what it reads limits the reaction; may be NULL */
  void (*on_words)(void* user, const char* piece, size_t size); /* as he speaks; may be NULL */
  void* user;
  yent_cancel* cancel;
  double min_p;       /* drops tokens less likely than this share of the likeliest */
  const char* suffix; /* a style's, instead of a random one; may be NULL */
} yent_react_params;

typedef struct yent_reaction yent_reaction;

YENT_API void yent_react_params_init(yent_react_params* params, size_t struct_size);
/* What Yent answers; it is remembered in the session. */
YENT_API yent_status yent_react(yent_session* session, const yent_react_params* params,
                                yent_reaction** reaction);
YENT_API void yent_reaction_destroy(yent_reaction* reaction);
/* Valid as long as the reaction. Any thread. */
YENT_API const char* yent_reaction_said(const yent_reaction* reaction);
YENT_API const char* yent_reaction_words(const yent_reaction* reaction);  /* what he says */
YENT_API const char* yent_reaction_prompt(const yent_reaction* reaction); /* what to paint */
YENT_API const char* yent_reaction_mood(const yent_reaction* reaction);
YENT_API float yent_reaction_temperature(const yent_reaction* reaction);
/* How far from all that was said before, 0 to 1; below 0 where the session has no dissonance. How
 * often in a row it was low. */
YENT_API double yent_reaction_dissonance(const yent_reaction* reaction);
YENT_API int64_t yent_reaction_boredom(const yent_reaction* reaction);
YENT_API const char* yent_reaction_artist(const yent_reaction* reaction); /* "A", "B"; "": alone */

/* What the Yent who did not react last (or the only one) says to a person who says `said`. It is
 * not remembered. Uses temperature, top_k, min_p, seed and cancel of the parameters. */
YENT_API yent_status yent_roast(yent_session* session, const yent_react_params* params,
                                char** text);

/* How much is remembered, the index-th turn (a copy to destroy), and to forget it all. */
YENT_API size_t yent_session_turns(const yent_session* session);
YENT_API yent_status yent_session_turn(const yent_session* session, size_t index,
                                       yent_reaction** reaction);
YENT_API void yent_session_forget(yent_session* session);
/* What a session knows of the conversation, as JSON to be kept; and to go on from that. */
YENT_API yent_status yent_session_save(const yent_session* session, char** json);
YENT_API yent_status yent_session_restore(yent_session* session, const char* json);

typedef struct yent_complete_params {
  size_t struct_size;
  const char* text;
  double temperature; /* 0: greedy */
  int32_t top_k;
  double top_p, min_p, repeat_penalty;
  int32_t max_tokens;
  uint64_t seed;
  int32_t (*on_piece)(void* user, const char* piece, size_t size); /* 0 ends it; may be NULL */
  void* user;
  yent_cancel* cancel;
} yent_complete_params;

YENT_API void yent_complete_params_init(yent_complete_params* params, size_t struct_size);
/* Continues a text from an empty context, apart from the session's memory. `tokens` (may be NULL)
 * counts what was generated. */
YENT_API yent_status yent_complete(yent_session* session, const yent_complete_params* params,
                                   char** text, int32_t* tokens);

#ifdef __cplusplus
}
#endif

#endif /* YENT_YENT_H */
