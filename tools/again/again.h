// --again: what a finished run leaves to be repeated, and what is different when it is.
#pragma once

#include "engine/pipeline/pipeline.h"
#include "engine/yent/reaction.h"
#include "tools/again/recipe.h"
#include "tools/run.h"

namespace yent {

// Of the run, which has its words and its prompt in the report, and of its request. Reads the files
// that options name, once for all pictures. Nothing where a picture could not be painted alone.
std::optional<Recipe> recipe_of(const Run& run, const PaintRequest& request);

// What is different here from where and how the picture was painted, as warnings. Throws a file
// error where the picture that it began with, a mask, noise or embeddings are missing or others.
void compare_with_recipe(Run& run);

// What Yent said then; in the report, too.
Reaction recall(Run& run);

}  // namespace yent
