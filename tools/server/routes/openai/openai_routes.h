// The routes that programs for OpenAI's API call, with their fields. A field that would change the
// result and cannot be honoured is refused by name; values that ask for nothing are accepted.
#pragma once

#include <string>
#include <vector>

#include "tools/server/routes/image_wish.h"
#include "tools/server/routes/route.h"

namespace yent::server {

std::vector<Field> generation_fields(const RequestLimits& limits);
std::vector<Field> edit_fields(const RequestLimits& limits);
std::vector<Field> completion_fields(const RequestLimits& limits);
std::vector<Field> chat_fields(const RequestLimits& limits);

// The names that /v1/models lists: painters, and the one who speaks.
constexpr const char* kSpeaker = "yent";

// The wish of an image's fields, in the words of POST /jobs, without pictures that come along.
Json openai_wish(const Fields& body);

// Paints, and answers in the way that the fields ask for: at once or in pieces. `kind` begins the
// names of events: image_generation, image_edit. Where a part is repainted, `plan` has its place.
void answer_with_images(const std::shared_ptr<Call>& call, JobSpec spec, const char* kind,
                        std::shared_ptr<const RepaintPlan> plan = {});

// One event of a stream. OpenAI's text streams name no events.
std::string openai_event(const Json& data, const std::string& name = {});

void complete_text(const std::shared_ptr<Call>& call);
void answer_chat(const std::shared_ptr<Call>& call);
void generate_images(const std::shared_ptr<Call>& call);
void edit_image(const std::shared_ptr<Call>& call);

}  // namespace yent::server
