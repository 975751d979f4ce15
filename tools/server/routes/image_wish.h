// What the image routes of other programs' APIs have in common: our own fields beside theirs, and
// the job that both mean.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "loaders/image/image.h"
#include "tools/server/jobs/job.h"
#include "tools/server/repaint.h"
#include "tools/server/routes/schema.h"
#include "tools/server/server.h"

namespace yent::server {

// Of painting_fields, those with these names.
std::vector<Field> some_painting_fields(const RequestLimits& limits,
                                        const std::vector<std::string>& names);

// react, ascii, yent_style, and what of a painting no other program knows.
std::vector<Field> own_fields(const RequestLimits& limits);

// The body's prompt and own fields in the words of POST /jobs.
Json own_wish(const Fields& body);

// Throws as job_spec does. Previews are made where somebody asks for them.
JobSpec image_job(const Json& wish, const Server& server);

// A file of the job's k-th picture, which outlives the job.
struct FinishedPicture {
  PictureRecord record;
  std::shared_ptr<const std::string> png;
};
std::vector<FinishedPicture> finished_pictures(const Job& job);
// Its file; where a part was repainted, in its place, with the same settings inside.
std::string finished_file(const FinishedPicture& picture, const RepaintPlan* plan);

std::span<const uint8_t> bytes_of(const std::string& file);
std::shared_ptr<const std::string> png_file(const Image& image);

}  // namespace yent::server
