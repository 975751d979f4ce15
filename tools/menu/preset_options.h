// What a preset (engine/pipeline/preset.h) does to the options of a run and to its requests.
#pragma once

#include <string>
#include <vector>

#include "engine/pipeline/pipeline.h"
#include "engine/pipeline/yent_session.h"
#include "tools/options.h"

namespace yent {

class CommandLine;

void add_preset_options(CommandLine& line, Options& options);

// Throws a usage error where they do not go together; after apply_preset.
void check_preset(const Options& options, const CommandLine& line);

// Takes the preset that the options name, and its values for those that were not given. Throws a
// file error where it cannot be had.
void apply_preset(Options& options, const CommandLine& line);

// The first prompt of the preset, for a run that was told nothing to paint. There must be one.
void take_first_prompt(Options& options);

// Size, timesteps and the filter of an input picture, which a picture may have in another way than
// a text: those of the options, else the preset's.
void shape_by_preset(const Options& options, PaintSpec& spec, bool from_picture);

// The painter's prompt: with the preset's prefix, where there is a preset.
std::string prefixed(const Options& options, const std::string& prompt);

// The limit for a text that the prefix will stand before.
PromptLimit with_prefix(const Options& options, PromptLimit limit);

// The arguments of a run, --name=value, with those of the preset as values in place of its name:
// its file may change. The prompt is left out where the words are kept instead.
std::vector<std::string> resolved_arguments(const Options& options, const PaintRequest& request,
                                            bool words_are_kept);

}  // namespace yent
