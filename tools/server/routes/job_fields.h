// The fields of a job, and the job that they mean. All routes that paint or speak read them here.
#pragma once

#include <string>
#include <vector>

#include "tools/server/jobs/job_spec.h"
#include "tools/server/limits.h"
#include "tools/server/routes/schema.h"
#include "tools/server/shelf.h"

namespace yent::server {

// What every painting can be asked for; of a reaction; of either kind.
std::vector<Field> painting_fields(const RequestLimits& limits);
std::vector<Field> reaction_fields(const RequestLimits& limits);
std::vector<Field> job_fields(const RequestLimits& limits);

// Throws an HttpError for fields that do not go together, a usage error for names that are not
// there. `usual` is what is painted without a wish: the negative prompt, steps and so on.
JobSpec job_spec(const Fields& fields, const Shelf& shelf, const RequestLimits& limits);

// The painting alone. Pictures in base64 are decoded; they are looked at when they are needed.
PaintWish paint_wish(const Fields& fields, const RequestLimits& limits);

// The file that comes in base64. Throws an HttpError that names the field for what is no picture,
// and for one with too many pixels.
std::string picture_file(const std::string& base64, const char* field, const RequestLimits& limits);

// Throws an HttpError for more work than one request may ask for.
void check_work(const PaintWish& wish, const RequestLimits& limits);

// The negative prompt of everybody who says nothing else.
const char* usual_negative();

}  // namespace yent::server
