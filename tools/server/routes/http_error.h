// What is wrong with a request, on its way to the answer.
#pragma once

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>

#include "kernels/error.h"
#include "tools/server/http/message.h"

namespace yent::server {

// The kinds of errors; status, name and type are one table in http_error.cpp.
enum class Fault {
  bad_request,
  no_key,
  forbidden,
  not_found,
  method_not_allowed,
  conflict,
  cancelled,
  too_large,
  media_type,
  too_many,
  headers_too_large,
  failed,
  unavailable,
  full,
};

class HttpError : public std::runtime_error {
 public:
  HttpError(Fault fault, const std::string& sentence, std::string field = {})
      : std::runtime_error(sentence), fault(fault), field(std::move(field)) {}

  const Fault fault;
  const std::string field;                               // whose value is wrong, or empty
  std::optional<std::chrono::seconds> retry_after = {};  // when to come again
  std::string allow = {};                                // methods, of method_not_allowed
};

int status_of(Fault fault);
std::string name_of(Fault fault);
// The fault that goes with a status which the HTTP server itself answers.
Fault fault_of_status(int status);
// What went wrong below: wrong wishes are 400, files 400 or 404 by the caller, the rest 500.
HttpError http_error_of(const Error& error);

// In whose shape a route's errors are: OpenAI's, which our own routes share, or AUTOMATIC1111's.
enum class ErrorShape { openai, a1111 };

Response error_response(const HttpError& error, ErrorShape shape);
std::string error_json(const HttpError& error, ErrorShape shape);

}  // namespace yent::server
